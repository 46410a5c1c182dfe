/** Very many copies of one picture, beside few copies of many pictures. */
import type { CopiesRun } from "./copies-run.js";
import { atMost, type BenchSection, median, plain, spread } from "./harness.js";
import { measureScript } from "./processes.js";

const copies = 20_000;
const fewCopies = 20;
const rounds = 3;

export async function copiesOfOnePicture(): Promise<BenchSection> {
  const [one, many]: [CopiesRun[], CopiesRun[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    one.push(await measureScript<CopiesRun>("copies-run", String(copies), "1"));
    many.push(await measureScript<CopiesRun>("copies-run", String(copies), String(copies / fewCopies)));
  }
  const all = [one, many].map((runs) => ({
    second: runs.map(({ secondRunUs }) => secondRunUs),
    third: runs.map(({ thirdRunUs }) => thirdRunUs),
  }));
  const [ofOne, ofMany] = [all[0]!, all[1]!];
  const names = `${copies} copies of one picture; ${fewCopies} copies each of ${copies / fewCopies} pictures`;
  return {
    name: "copies",
    title: `${copies} copies of stored pictures into LanceDB, 512 numbers, fake decoder and embedder`,
    command: "npm run bench -- copies",
    figures: [
      atMost(
        "second run: copies of one picture ÷ few copies of many, time per image",
        median(ofOne.second) / median(ofMany.second),
        1.5,
        2,
      ),
      atMost("third run, on top of those copies: the same", median(ofOne.third) / median(ofMany.third), 1.5, 2),
      plain(`second run, µs per image: ${names}`, `${spread(ofOne.second, 0)}; ${spread(ofMany.second, 0)}`),
      plain(`third run, µs per image: ${names}`, `${spread(ofOne.third, 0)}; ${spread(ofMany.third, 0)}`),
    ],
  };
}

/** How many cases a test plays: some in `npm test`, all of them in `npm run test:nightly`. */

const isNightly = process.env["HEADRACE_TEST_EXTENT"] === "nightly";

/** A number of repetitions, or a list of cases. `some` must still reach each line of the product that `all` reaches. */
export function extent<T>({ some, all }: { readonly some: T; readonly all: T }): T {
  return isNightly ? all : some;
}

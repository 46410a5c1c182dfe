/** Says that an address leads nowhere. */
import { useWords } from "../language/language.js";
import { hrefOf } from "../route.js";
import { Icon } from "./icon.js";

export function UnknownAddress({ address }: { readonly address: string }) {
  const words = useWords();
  return (
    <div class="page">
      <div class="empty">
        <Icon name="search" />
        <h1>{words.unknownAddress.title}</h1>
        <p class="muted unknown-address">{address}</p>
        <a class="button button-primary" href={hrefOf("search")}>
          {words.unknownAddress.home}
        </a>
      </div>
    </div>
  );
}

/** Asks for the API key when the service wants one. */
import { useId, useState } from "preact/hooks";
import { useWords } from "./language/language.js";
import { useService } from "./service/context.js";

export function KeyForm() {
  const words = useWords();
  const { client, useKey } = useService();
  const [key, setKey] = useState("");
  const field = useId();
  const submit = (event: Event): void => {
    event.preventDefault();
    if (key.trim() !== "") useKey(key.trim());
  };
  return (
    <form class="card key-form" onSubmit={submit}>
      <h1>{words.key.title}</h1>
      <p class="muted">{words.key.text}</p>
      {client.apiKey !== null && (
        <p class="field-problem" role="alert">
          {words.key.wrong}
        </p>
      )}
      <label for={field}>{words.key.field}</label>
      <input id={field} type="password" autocomplete="off" value={key} onInput={({ currentTarget }) => setKey(currentTarget.value)} />
      <button type="submit" class="button button-primary">
        {words.key.use}
      </button>
    </form>
  );
}

/** Makes a filter from conditions, or takes its text. */
import { useId, useState } from "preact/hooks";
import { useWords } from "../language/language.js";
import { Icon } from "../parts/icon.js";
import type { Metadata } from "../service/types.js";
import { filterFormOf } from "./filter-form.js";
import { type Condition, type FilterForm, fieldNames, filterText, knownValues, type Operator, operators } from "./filter-text.js";

export interface FilterBuilderProps {
  readonly filter: string;
  /** Metadata of some rows: for the names of fields and for values. */
  readonly sampled: readonly Metadata[];
  readonly keys: readonly string[];
  readonly onFilter: (filter: string) => void;
}

const blank: Condition = { key: "", operator: "==", value: "" };

export function FilterBuilder({ filter, sampled, keys, onFilter }: FilterBuilderProps) {
  const words = useWords();
  const [form, setForm] = useState<FilterForm>(() => filterFormOf(filter, sampled) ?? { join: "and", conditions: [blank] });
  // The form cannot show every filter that has a text.
  const [text, setText] = useState<string | null>(() => (filter === "" || filterFormOf(filter, sampled) !== null ? null : filter));
  const fields = useId();
  const written = text ?? filterText(form, sampled);
  const change = (index: number, changed: Partial<Condition>): void =>
    setForm({ ...form, conditions: form.conditions.map((each, at) => (at === index ? { ...each, ...changed } : each)) });
  const formOfText =
    text === null ? null : text.trim() === "" ? { join: "and" as const, conditions: [blank] } : filterFormOf(text, sampled);
  const toggle = (): void => {
    if (formOfText !== null) setForm(formOfText);
    setText(text === null ? written : null);
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    onFilter(written.trim());
  };
  return (
    <form class="card filter" aria-label={words.filter.title} onSubmit={submit}>
      {text === null ? (
        <>
          {form.conditions.length > 1 && (
            <label class="filter-join">
              {words.filter.join}
              <select value={form.join} onChange={({ currentTarget }) => setForm({ ...form, join: currentTarget.value as "and" | "or" })}>
                <option value="and">{words.filter.all}</option>
                <option value="or">{words.filter.any}</option>
              </select>
            </label>
          )}
          <datalist id={fields}>
            {fieldNames(sampled, keys).map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
          {form.conditions.map((condition, index) => (
            <ConditionRow
              key={index}
              condition={condition}
              fieldsId={fields}
              sampled={sampled}
              onChange={(changed) => change(index, changed)}
              onRemove={() =>
                setForm({ ...form, conditions: form.conditions.length === 1 ? [blank] : form.conditions.filter((_, at) => at !== index) })
              }
            />
          ))}
        </>
      ) : (
        <label class="filter-text">
          {words.filter.text}
          <textarea rows={2} spellcheck={false} value={text} onInput={({ currentTarget }) => setText(currentTarget.value)} />
        </label>
      )}
      <div class="filter-end">
        {text === null && (
          <button type="button" class="button button-quiet" onClick={() => setForm({ ...form, conditions: [...form.conditions, blank] })}>
            <Icon name="plus" /> {words.filter.add}
          </button>
        )}
        <button
          type="button"
          class="button button-quiet"
          disabled={text !== null && formOfText === null}
          title={text !== null && formOfText === null ? words.filter.onlyText : undefined}
          onClick={toggle}
        >
          {text === null ? words.filter.asText : words.filter.asForm}
        </button>
        {text === null && written !== "" && <code class="filter-written">{written}</code>}
        <span class="space" />
        {filter !== "" && (
          <button type="button" class="button" onClick={() => onFilter("")}>
            {words.filter.clear}
          </button>
        )}
        <button type="submit" class="button button-primary" disabled={written.trim() === filter}>
          {words.filter.apply}
        </button>
      </div>
    </form>
  );
}

interface ConditionRowProps {
  readonly condition: Condition;
  readonly fieldsId: string;
  readonly sampled: readonly Metadata[];
  readonly onChange: (changed: Partial<Condition>) => void;
  readonly onRemove: () => void;
}

function ConditionRow({ condition: { key, operator, value }, fieldsId, sampled, onChange, onRemove }: ConditionRowProps) {
  const words = useWords();
  const values = useId();
  const named: Readonly<Partial<Record<Operator, string>>> = {
    exists: words.filter.exists,
    startsWith: words.filter.startsWith,
    in: words.filter.in,
  };
  return (
    <div class="filter-row">
      <input
        list={fieldsId}
        aria-label={words.filter.key}
        placeholder={words.filter.key}
        value={key}
        onInput={({ currentTarget }) => onChange({ key: currentTarget.value })}
      />
      <select
        aria-label={words.filter.operator}
        value={operator}
        onChange={({ currentTarget }) => onChange({ operator: currentTarget.value as Operator })}
      >
        {operators.map((each) => (
          <option key={each} value={each}>
            {named[each] ?? each}
          </option>
        ))}
      </select>
      {operator === "exists" ? (
        <span />
      ) : (
        <input
          list={values}
          aria-label={words.filter.value}
          placeholder={operator === "in" ? "a, b, c" : words.filter.value}
          value={value}
          onInput={({ currentTarget }) => onChange({ value: currentTarget.value })}
        />
      )}
      <datalist id={values}>
        {knownValues(key, sampled).map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      <button type="button" class="button button-quiet button-icon" aria-label={words.filter.remove} onClick={onRemove}>
        <Icon name="close" />
      </button>
    </div>
  );
}

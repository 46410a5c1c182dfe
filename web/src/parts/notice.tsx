/** Says what went wrong, and what to do about it. */
import { useWords } from "../language/language.js";
import type { Problem } from "../service/types.js";
import { Icon } from "./icon.js";

export function ProblemNotice({ problem, onRetry }: { readonly problem: Problem; readonly onRetry?: () => void }) {
  const words = useWords();
  const { code, title, detail, hint, request_id } = problem;
  return (
    <div class="notice notice-problem" role="alert">
      <Icon name="warning" />
      <div>
        <strong>{words.problems[code] ?? title}</strong>
        {detail !== undefined && <p>{detail}</p>}
        {hint !== undefined && <p>{hint}</p>}
        <p class="fine">
          <code>{code}</code>
          {request_id !== undefined && (
            <>
              {" · "}
              {words.problem.request} <code>{request_id.slice(0, 8)}</code>
            </>
          )}
        </p>
      </div>
      {onRetry !== undefined && (
        <button type="button" class="button" onClick={onRetry}>
          {words.retry}
        </button>
      )}
    </div>
  );
}

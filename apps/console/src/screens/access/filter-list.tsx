import { Icon } from '../../ui/glyph.tsx';

/** Topic filters, one a line, each with its own way out. */
export function FilterList({
  label,
  verb,
  value,
  change,
}: {
  label: string;
  /** `publish` or `subscribe`: what the tests and labels call it. */
  verb: string;
  value: readonly string[];
  change: (next: readonly string[]) => void;
}) {
  return (
    <fieldset className="grant">
      <legend className="lb">{label}</legend>
      <ul className="filters">
        {value.map((filter, i) => (
          <li key={i} className="row">
            <div className="field sm mono grow">
              <input
                aria-label={`Filter ${i + 1} to ${verb}`}
                data-testid={`${verb}-${i}`}
                placeholder="acme/line1/#"
                spellCheck={false}
                autoComplete="off"
                value={filter}
                onChange={(e) => change(value.map((f, at) => (at === i ? e.target.value : f)))}
              />
            </div>
            <button
              type="button"
              className="btn quiet sm iconbtn"
              aria-label={`Remove ${filter === '' ? 'the empty filter' : filter}`}
              title="Remove"
              onClick={() => change(value.filter((_, at) => at !== i))}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      <div className="row">
        <button type="button" className="btn sm" data-testid={`add-${verb}`} onClick={() => change([...value, ''])}>
          <Icon name="plus" />
          Add a filter
        </button>
        {value.length === 0 ? <span className="meta">It may {verb === 'publish' ? 'send' : 'read'} nothing.</span> : null}
      </div>
    </fieldset>
  );
}

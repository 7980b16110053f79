import { useEffect, useState } from 'react';
import { Icon } from './glyph.tsx';

const shownMs = 2_000;

/** Copies a text; where the browser gives no clipboard, the text is put into a field that is marked. */
export function CopyButton({ text, children, testid }: { text: string; children: string; testid?: string }) {
  const [state, setState] = useState<'copied' | 'marked'>();
  useEffect(() => {
    if (state !== 'copied') return;
    const timer = setTimeout(() => setState(undefined), shownMs);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setState('copied');
    } catch {
      setState('marked');
    }
  };
  if (state === 'marked')
    return (
      <span className="field sm mono">
        <input readOnly autoFocus aria-label={`${children}, press Ctrl C`} value={text} onFocus={(e) => e.target.select()} />
      </span>
    );
  return (
    <button
      type="button"
      className="btn sm"
      data-testid={testid}
      onClick={() => {
        void copy();
      }}
    >
      <Icon name="copy" />
      {state === 'copied' ? 'Copied' : children}
    </button>
  );
}

import { useRef, useState, type ReactNode } from 'react';
import { Glyph, Icon } from '../../ui/glyph.tsx';

/** A secret that the hub tells once: shown until it is put away, with a button that copies it. */
export function SecretOnce({ title, secret, children, done }: { title: string; secret: string; children?: ReactNode; done: () => void }) {
  const text = useRef<HTMLElement>(null);
  const [copied, setCopied] = useState<'copied' | 'marked'>();
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(secret);
      setCopied('copied');
    } catch {
      // Browsers give the clipboard to secure pages only; what is marked can be copied by hand.
      const range = document.createRange();
      range.selectNodeContents(text.current!);
      getSelection()?.removeAllRanges();
      getSelection()?.addRange(range);
      setCopied('marked');
    }
  };
  return (
    <div className="say calm secret" role="status" data-testid="secret-once">
      <Glyph name="check" />
      <div className="grow">
        <p className="strong">{title}</p>
        <p className="row secretrow">
          <code ref={text} data-testid="secret">
            {secret}
          </code>
          <button
            type="button"
            className="btn sm"
            data-testid="copy-secret"
            onClick={() => {
              void copy();
            }}
          >
            <Icon name="copy" />
            {copied === 'copied' ? 'Copied' : 'Copy'}
          </button>
        </p>
        <p>
          {copied === 'marked' ? 'It is marked; press Ctrl C. ' : ''}
          It will not be shown again; the hub keeps only what is needed to check it.
        </p>
        {children}
      </div>
      <div className="act">
        <button type="button" className="btn sm" data-testid="secret-done" onClick={done}>
          I have it
        </button>
      </div>
    </div>
  );
}

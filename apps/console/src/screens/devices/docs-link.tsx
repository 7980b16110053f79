import { Modal } from '@mantine/core';
import { useState } from 'react';
import { DocsPage } from './docs-page.tsx';

const pages = import.meta.glob<string>('../../../../../docs/{drivers,apps}/*.md', { query: '?raw', import: 'default' });

/** Opens the page of a driver or app type: addresses, settings, limits. It comes with the console, so it is there without the internet. */
export function DocsLink({ kind, id }: { kind: 'drivers' | 'apps'; id: string }) {
  const [text, setText] = useState<string>();
  const load = pages[`../../../../../docs/${kind}/${id}.md`];
  if (load === undefined) return null;
  return (
    <>
      <button
        type="button"
        className="link docslink"
        data-testid="docs-link"
        onClick={() => {
          load().then(setText, () => setText('The page cannot be read; the hub does not answer.'));
        }}
      >
        How {id} is used
      </button>
      <Modal opened={text !== undefined} onClose={() => setText(undefined)} title={id} size={720} transitionProps={{ duration: 120 }}>
        <DocsPage text={text ?? ''} />
      </Modal>
    </>
  );
}

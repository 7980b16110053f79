import { lazy, Suspense } from 'react';
import type { EditorProps } from './code-editor.tsx';

const CodeEditor = lazy(() => import('./code-editor.tsx'));

/** The code editor, loaded when it is first needed; until then the text stands there plainly. */
export const Editor = (props: EditorProps) => (
  <Suspense fallback={<pre className="code cm-wait">{props.value}</pre>}>
    <CodeEditor {...props} />
  </Suspense>
);

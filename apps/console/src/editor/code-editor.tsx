/* oxlint-disable react-hooks/exhaustive-deps -- The editor is built once; what changes meanwhile is read through a ref. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, completionStatus } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { PostgreSQL, sql, StandardSQL } from '@codemirror/lang-sql';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { Compartment, EditorState, Prec, type Extension, type Text } from '@codemirror/state';
import { drawSelection, EditorView, keymap, lineNumbers, placeholder } from '@codemirror/view';
import { tags as t } from '@lezer/highlight';
import { useEffect, useRef } from 'react';

export interface Fault {
  line: number;
  column: number;
  message: string;
}
export interface EditorProps {
  value: string;
  onChange?: ((value: string) => void) | undefined;
  /** Ctrl Enter. */
  onRun?: (() => void) | undefined;
  language: 'rule' | 'sql' | 'json' | 'yaml' | 'text';
  fault?: Fault | undefined;
  /** Several places at once; `fault` is one of them. */
  faults?: readonly Fault[] | undefined;
  /** Takes the cursor there whenever another object is given. */
  goTo?: { line: number; column: number } | undefined;
  /** Table → columns, for completion. */
  schema?: Record<string, string[]> | undefined;
  readOnly?: boolean;
  label: string;
  testid?: string;
  hint?: string;
}

const ink = HighlightStyle.define([
  { tag: [t.keyword, t.operatorKeyword, t.modifier], color: 'var(--omh-code-key)', fontWeight: '600' },
  { tag: [t.string, t.special(t.string)], color: 'var(--omh-code-str)' },
  { tag: [t.number, t.bool, t.null, t.atom], color: 'var(--omh-code-num)' },
  { tag: [t.function(t.variableName), t.standard(t.name), t.typeName], color: 'var(--omh-code-fn)' },
  { tag: [t.comment, t.lineComment, t.blockComment], color: 'var(--omh-code-dim)' },
  { tag: [t.propertyName, t.definition(t.propertyName)], color: 'var(--omh-code-key)' },
]);

const look = EditorView.theme({
  '&': { height: '100%', fontSize: '13px', backgroundColor: 'var(--omh-raised)', color: 'var(--omh-text)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--omh-mono)', lineHeight: '1.62' },
  '.cm-content': { padding: '8px 0', caretColor: 'var(--omh-text)' },
  '.cm-gutters': { backgroundColor: 'var(--omh-raised)', color: 'var(--omh-text-3)', border: 'none' },
  '.cm-lineNumbers .cm-gutterElement': { padding: '0 12px 0 14px' },
  '.cm-cursor': { borderLeftColor: 'var(--omh-text)', borderLeftWidth: '1.5px' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--omh-accent-soft)',
  },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--omh-stale-soft)', color: 'inherit' },
  '.cm-placeholder': { color: 'var(--omh-text-3)' },
  '.cm-tooltip': {
    backgroundColor: 'var(--omh-raised)',
    color: 'var(--omh-text)',
    border: '1px solid var(--omh-control-line)',
    borderRadius: '5px',
    boxShadow: 'var(--omh-shadow)',
  },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--omh-accent-soft)', color: 'var(--omh-text)' },
  '.cm-diagnostic-error': { borderLeft: '3px solid var(--omh-bad)', fontFamily: 'var(--omh-font)' },
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--omh-bad) 1.5px',
    textUnderlineOffset: '3px',
    textDecorationSkipInk: 'none',
  },
});

const languageOf = (p: Pick<EditorProps, 'language' | 'schema'>): Extension => {
  switch (p.language) {
    case 'json':
      return json();
    case 'text':
      return [];
    case 'yaml':
      return yaml();
    case 'rule':
      return sql({ dialect: StandardSQL, upperCaseKeywords: true, ...(p.schema === undefined ? {} : { schema: p.schema }) });
    case 'sql':
      return sql({ dialect: PostgreSQL, upperCaseKeywords: true, ...(p.schema === undefined ? {} : { schema: p.schema }) });
  }
};

/** Where a line and column are; the nearest place that there is. */
function offsetOf(doc: Text, { line, column }: { line: number; column: number }): number {
  const found = doc.line(Math.min(Math.max(1, line), doc.lines));
  return Math.min(found.to, found.from + Math.max(0, column - 1));
}

/** A fault marks the word that begins there. */
function markOf(doc: Text, fault: Fault): Diagnostic {
  const from = offsetOf(doc, fault);
  const line = doc.lineAt(from);
  const word = /^(?:[\w.$]+|"[^"]*"?|'[^']*'?|\S)/.exec(line.text.slice(from - line.from))?.[0] ?? '';
  const to = Math.min(line.to, from + Math.max(1, word.length));
  return { from: from === to ? Math.max(line.from, from - 1) : from, to, severity: 'error', message: fault.message };
}

/** CodeMirror over the tokens. Holds its own text; a new `value` from outside replaces it. */
export default function CodeEditor(props: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const language = useRef(new Compartment());
  const now = useRef(props);
  now.current = props;
  useEffect(() => {
    const editor = new EditorView({
      parent: host.current!,
      state: EditorState.create({
        doc: now.current.value,
        extensions: [
          Prec.highest(
            keymap.of([
              {
                key: 'Mod-Enter',
                run: () => {
                  now.current.onRun?.();
                  return now.current.onRun !== undefined;
                },
              },
              {
                key: 'Escape',
                run: (v) => {
                  if (completionStatus(v.state) !== null) return false;
                  v.contentDOM.blur();
                  return true;
                },
              },
            ]),
          ),
          lineNumbers(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ icons: false }),
          keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
          language.current.of(languageOf(now.current)),
          syntaxHighlighting(ink),
          look,
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({
            'aria-label': now.current.label,
            ...(now.current.testid === undefined ? {} : { 'data-testid': now.current.testid }),
            spellcheck: 'false',
          }),
          ...(now.current.hint === undefined ? [] : [placeholder(now.current.hint)]),
          ...(now.current.readOnly === true ? [EditorState.readOnly.of(true)] : []),
          EditorView.updateListener.of((u) => {
            if (u.docChanged) now.current.onChange?.(u.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, []);
  useEffect(() => {
    const editor = view.current;
    if (editor === undefined || editor.state.doc.toString() === props.value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: props.value } });
  }, [props.value]);
  const schemaKey = JSON.stringify(props.schema ?? null);
  useEffect(() => {
    view.current?.dispatch({ effects: language.current.reconfigure(languageOf(now.current)) });
  }, [schemaKey, props.language]);
  const { fault, faults, goTo } = props;
  const faultsKey = JSON.stringify([fault ?? null, faults ?? null]);
  useEffect(() => {
    const editor = view.current;
    if (editor === undefined) return;
    const { doc } = editor.state;
    const marks = [...(fault === undefined ? [] : [fault]), ...(faults ?? [])].map((f) => markOf(doc, f));
    editor.dispatch(
      setDiagnostics(
        editor.state,
        marks.sort((a, b) => a.from - b.from),
      ),
    );
  }, [faultsKey]);
  useEffect(() => {
    const editor = view.current;
    if (editor === undefined || goTo === undefined) return;
    const anchor = offsetOf(editor.state.doc, goTo);
    editor.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: 'center' }) });
    editor.focus();
  }, [goTo]);
  return <div ref={host} className="cm-host" />;
}

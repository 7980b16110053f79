import type { NamespaceAnswer, NamespaceRow } from '@omh/api';
import { api, asProblem, type ApiProblem } from '../../api/client.ts';

const pageSize = 200;
const newPage = Symbol('a page that was not read yet');

/** One line of the tree as it is drawn. */
export type TreeLine =
  | { readonly kind: 'row'; readonly key: string; readonly depth: number; readonly row: NamespaceRow; readonly open: boolean }
  /** More of a folder is there; it is read when this line comes into sight. */
  | { readonly kind: 'more'; readonly key: string; readonly depth: number; readonly folder: string }
  | { readonly kind: 'fault'; readonly key: string; readonly depth: number; readonly folder: string; readonly problem: ApiProblem };

interface Page {
  readonly cursor: string | undefined;
  readonly rows: readonly NamespaceRow[];
  readonly next: string | undefined;
}
interface Folder {
  pages: Page[];
  /** The page that is under way. */
  reading: string | undefined | typeof newPage;
  problem: ApiProblem | undefined;
}

/** What is known of the namespace: opened folders page by page, or what a search found. Only what is in sight is read again. */
export class NamespaceTree {
  readonly #folders = new Map<string, Folder>();
  readonly #open = new Set<string>();
  readonly #listeners = new Set<() => void>();
  #find = '';
  #lines: readonly TreeLine[] | undefined;
  #stop = new AbortController();

  readonly on = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  /** The same array as long as nothing changed. */
  readonly lines = (): readonly TreeLine[] => (this.#lines ??= this.#drawn());

  /** Begins at the top, with the folders on the way to a path open; `find` shows what a search over all paths finds instead. */
  begin(find: string, at: string): void {
    this.stop();
    this.#stop = new AbortController();
    this.#folders.clear();
    this.#find = find;
    this.#read('');
    this.reveal(at);
    if (find === '') for (const path of this.#open) if (!this.#folders.has(path)) this.#read(path);
  }
  stop(): void {
    this.#stop.abort();
  }

  isOpen(path: string): boolean {
    return this.#open.has(path);
  }
  toggle(path: string, open = !this.#open.has(path)): void {
    if (open) {
      this.#open.add(path);
      if (this.#folders.get(path) === undefined) this.#read(path);
    } else this.#open.delete(path);
    this.#changed();
  }
  /** Opens the folders above a path. */
  reveal(at: string): void {
    const levels = at.split('/');
    for (let i = 1; i < levels.length; i++) {
      const path = levels.slice(0, i).join('/');
      this.#open.add(path);
      if (this.#find === '' && this.#folders.get(path) === undefined) this.#read(path);
    }
    this.#changed();
  }
  more(folder: string): void {
    const known = this.#folders.get(folder);
    const next = known?.pages.at(-1)?.next;
    if (known !== undefined && known.reading === undefined && next !== undefined) this.#read(folder, next);
  }
  again(folder: string): void {
    const known = this.#folders.get(folder);
    if (known === undefined) return;
    known.problem = undefined;
    this.#read(folder, known.pages.at(-1)?.next);
  }

  /** Reads the pages again that hold these lines, so that their values are new; and those that held nothing. */
  async refresh(lines: readonly TreeLine[]): Promise<void> {
    let read = false;
    const { signal } = this.#stop;
    const inSight = new Set(lines.flatMap((line) => (line.kind === 'row' ? [line.row] : [])));
    for (const [path, folder] of this.#folders) {
      for (const page of folder.pages.filter((p) => p.rows.length === 0 || p.rows.some((row) => inSight.has(row)))) {
        read = true;
        try {
          const fresh = await this.#ask(path, page.cursor);
          const i = folder.pages.indexOf(page);
          if (signal.aborted || i < 0) return;
          folder.pages[i] = fresh;
          // Something came or went: what follows begins elsewhere now.
          if (fresh.next !== page.next) folder.pages.length = i + 1;
        } catch {
          return;
        }
      }
    }
    if (read) this.#changed();
  }

  #ask = async (path: string, cursor: string | undefined): Promise<Page> => {
    const q = new URLSearchParams({ limit: String(pageSize) });
    if (path !== '') q.set('path', path);
    if (this.#find !== '') q.set('search', this.#find);
    if (cursor !== undefined) q.set('cursor', cursor);
    const answer = await api<NamespaceAnswer>(`/namespace?${q}`, { signal: this.#stop.signal });
    return { cursor, rows: answer.rows, next: answer.cursor };
  };
  #read(path: string, cursor?: string): void {
    const folder = this.#folders.get(path) ?? { pages: [], reading: undefined, problem: undefined };
    this.#folders.set(path, folder);
    if (folder.reading !== undefined) return;
    folder.reading = cursor ?? newPage;
    const { signal } = this.#stop;
    this.#ask(path, cursor)
      .then((page) => {
        if (signal.aborted) return;
        folder.pages.push(page);
        const only = page.rows.length === 1 ? page.rows[0]! : undefined;
        // The one folder that there is need not be opened by hand.
        if (only?.folder === true && cursor === undefined && this.#find === '') {
          this.#open.add(only.path);
          if (this.#folders.get(only.path) === undefined) this.#read(only.path);
        }
      })
      .catch((error: unknown) => {
        folder.problem = asProblem(error);
      })
      .finally(() => {
        folder.reading = undefined;
        if (!signal.aborted) this.#changed();
      });
  }

  #drawn(): TreeLine[] {
    const out: TreeLine[] = [];
    const walk = (path: string, depth: number): void => {
      const folder = this.#folders.get(path);
      for (const page of folder?.pages ?? []) {
        for (const row of page.rows) {
          const open = this.#find === '' && row.folder && this.#open.has(row.path);
          out.push({ kind: 'row', key: row.path, depth, row, open });
          if (open) walk(row.path, depth + 1);
        }
      }
      if (folder?.problem !== undefined) out.push({ kind: 'fault', key: `${path}\0fault`, depth, folder: path, problem: folder.problem });
      else if (folder?.reading !== undefined || folder?.pages.at(-1)?.next !== undefined)
        out.push({ kind: 'more', key: `${path}\0more`, depth, folder: path });
    };
    walk('', 0);
    return out;
  }
  #changed(): void {
    this.#lines = undefined;
    for (const listener of this.#listeners) listener();
  }
}

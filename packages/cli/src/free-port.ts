import { createServer } from 'node:net';

/** True when this process could listen there now. */
export const isFree = (host: string, port: number): Promise<boolean> => listen(host, port).then((p) => p !== undefined);

/** A port that nobody uses now. */
export async function anyFreePort(host: string): Promise<number> {
  return (await listen(host, 0))!;
}

/** The first free port from `port` on; undefined when fifty in a row are taken. */
export async function nextFreePort(host: string, port: number, taken: ReadonlySet<number>): Promise<number | undefined> {
  for (let p = port; p < port + 50 && p < 65536; p++) if (!taken.has(p) && (await isFree(host, p))) return p;
  return undefined;
}

function listen(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host, port, exclusive: true }, () => {
      const bound = (server.address() as { port: number }).port;
      server.close(() => resolve(bound));
    });
  });
}

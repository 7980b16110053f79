import { createServer } from 'node:net';

/** False when another program listens there. Whatever else is wrong with the place, its own listener says better. */
export const isFree = (host: string, port: number): Promise<boolean> =>
  listen(host, port).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'EADDRINUSE',
  );

/** A port that nobody uses now; 0 where nothing can listen at all. */
export const anyFreePort = (host: string): Promise<number> => listen(host, 0).catch(() => 0);

/** The first free port from `port` on; undefined when fifty in a row are taken. */
export async function nextFreePort(host: string, port: number, taken: ReadonlySet<number>): Promise<number | undefined> {
  for (let p = port; p < port + 50 && p < 65536; p++) if (!taken.has(p) && (await isFree(host, p))) return p;
  return undefined;
}

function listen(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      const bound = (server.address() as { port: number }).port;
      server.close(() => resolve(bound));
    });
  });
}

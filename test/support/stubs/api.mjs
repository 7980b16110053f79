import { createServer } from 'node:http';
import { ApiServer as Real } from '../../../packages/api/dist/index.js';

export * from '../../../packages/api/dist/index.js';
export class ApiServer extends Real {
  #server = createServer((_request, response) => response.end('{"values":[],"rules":[],"rows":[]}'));
  async start() {
    await new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
  }
  async stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
  url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }
}

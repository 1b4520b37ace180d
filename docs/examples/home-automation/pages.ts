import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const own = (name: string) => readFileSync(new URL(`page/${name}`, import.meta.url));

/** What the browser gets: the page, and MQTT.js as it comes in its package. */
const files = new Map([
  ['/', { type: 'text/html; charset=utf-8', body: own('index.html') }],
  ['/page.css', { type: 'text/css', body: own('page.css') }],
  ['/page.js', { type: 'text/javascript', body: own('page.js') }],
  [
    '/mqtt.js',
    { type: 'text/javascript', body: readFileSync(require.resolve('mqtt/dist/mqtt.esm')) },
  ],
]);

// MQTT.js keeps time in a worker, so that it does not sleep with its tab.
const policy = "default-src 'self'; img-src data:; worker-src blob:";

export const servePages: RequestListener = (request, response) => {
  const file = files.get(request.url ?? '/');
  if (file === undefined) {
    response.writeHead(404).end('There is no such page.');
    return;
  }
  response.setHeader('content-type', file.type);
  response.setHeader('content-security-policy', policy);
  response.end(file.body);
};

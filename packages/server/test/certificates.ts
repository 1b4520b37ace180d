import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Files for tests of TLS, valid for a hundred years: `ca` signed `server` (localhost) and `client` (sensor-7). */
export const fixture = (name: string): string =>
  fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

export const serverFiles = { cert: fixture('server.crt'), key: fixture('server.key') };

const ca = readFileSync(fixture('ca.crt'));

/** Options of a client that trusts `ca`. */
export const trust = { ca, servername: 'localhost' };

/** Options of a client that trusts `ca` and proves who it is. */
export const trustAndProve = {
  ...trust,
  cert: readFileSync(fixture('client.crt')),
  key: readFileSync(fixture('client.key')),
};

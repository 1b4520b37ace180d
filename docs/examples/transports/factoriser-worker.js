// Node 20 takes no TypeScript in a worker. With Node 22.18 or later, start factoriser.ts itself.
import { register } from 'tsx/esm/api';

register();
await import('./factoriser.ts');

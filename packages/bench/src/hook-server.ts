// Sluice with one synchronous hook as a process of its own: hook-server.js PORT HOOK
import net from 'node:net';
import { createBroker } from '@sluice/core';

const [port, hook = ''] = process.argv.slice(2);
// Decisions allow, everything else leaves alone what it is called for.
const answer = hook.startsWith('authorize') ? { allowed: true, grant: undefined } : undefined;

const broker = await createBroker({
  plugins: [
    {
      name: 'bench',
      setup: (context) => context.hook(hook as 'publish', () => answer as undefined),
    },
  ],
});
broker.on('error', (error) => console.error(error.message));

process.once('SIGTERM', () => {
  void broker.close().finally(() => process.exit());
});

net.createServer({ noDelay: true }, broker.handle).listen(Number(port), '127.0.0.1', 4096);

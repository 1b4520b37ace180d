import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// By default one processor is left idle, of two as well.
const maxWorkers = availableParallelism();
// Loading the packages anew for each file takes as long as the tests; none of them changes what others see.
const isolate = false;
const long = ['test/simulation/**/*.test.ts', 'test/crash/**/*.test.ts', 'test/fuzz/**/*.test.ts'];

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  // Tests run every package from its sources: no build stands between an edit and its test.
  ssr: { resolve: { conditions: ['@sluice/source', 'node'] } },
  test: {
    // A busy machine, or one that stalls, is no fault of the code: nobody waits for a time, so that a limit only ends what hangs.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    coverage: { provider: 'v8', include: ['packages/*/src/**'], reportsDirectory: 'coverage' },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts'],
          maxWorkers,
          isolate,
        },
      },
      {
        extends: true,
        test: {
          name: 'whole',
          include: ['test/**/*.test.ts'],
          exclude: [...long, '**/node_modules/**'],
          globalSetup: 'test/support/build.ts',
          maxWorkers,
          isolate,
        },
      },
      {
        extends: true,
        test: {
          name: 'long',
          include: long,
          globalSetup: 'test/support/build.ts',
          // They use every processor themselves: one after the other, when all else is done.
          sequence: { groupOrder: 1 },
          maxWorkers: 1,
        },
      },
    ],
  },
});

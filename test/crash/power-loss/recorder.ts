import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The library that records what a server asks of the file system, or why there is none here. */
export type Recorder =
  | { readonly library: string; readonly missing?: undefined }
  | { readonly missing: string; readonly library?: undefined };

let built: Recorder | undefined;

/** Compiles record.c, once. */
export function recorder(): Recorder {
  built ??= build();
  return built;
}

function build(): Recorder {
  if (process.platform !== 'linux') return { missing: 'LD_PRELOAD is needed, which Linux has' };
  const source = fileURLToPath(new URL('record.c', import.meta.url));
  const library = join(mkdtempSync(join(tmpdir(), 'sluice-record-')), 'record.so');
  const flags = ['-shared', '-fPIC', '-O2', '-Wall', '-Werror', '-o', library, source, '-ldl'];
  try {
    execFileSync('cc', flags, { stdio: 'pipe' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { missing: 'there is no C compiler (cc)' };
  }
  return { library };
}

/** What a server needs in its environment so that what it does below `data` is recorded in `journal`. */
export function recording(library: string, data: string, journal: string): NodeJS.ProcessEnv {
  mkdirSync(join(journal, 'kept'), { recursive: true });
  return {
    LD_PRELOAD: library,
    SLUICE_CRASH_DATA: data,
    SLUICE_CRASH_JOURNAL: journal,
    // What goes through io_uring does not go through libc.
    UV_USE_IO_URING: '0',
  };
}

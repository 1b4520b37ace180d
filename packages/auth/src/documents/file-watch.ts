import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** What tells one content of a file from another one without reading it. */
type Signature = string;

const missing: Signature = 'missing';

export interface FileWatchTimes {
  /** From the first sign of a change to a look at the file: an editor writes in several steps. */
  readonly debounceMs: number;
  /** Between looks at the file, for file systems that tell nothing. */
  readonly pollMs: number;
}

const usualTimes: FileWatchTimes = Object.freeze({ debounceMs: 100, pollMs: 5_000 });

/** Tells when a file is another one than before: at once where the system says so, otherwise within seconds. */
export class FileWatch {
  readonly #path: string;
  readonly #times: FileWatchTimes;
  #changed: (() => void) | undefined;
  #known: Signature | undefined;
  #watcher: FSWatcher | undefined;
  #poll: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;

  constructor(path: string, times: FileWatchTimes = usualTimes) {
    this.#path = path;
    this.#times = times;
  }

  /** Takes the file as it is now for known. To be called before it is read, so that no change goes unseen. */
  async seen(): Promise<void> {
    this.#known = await signatureOf(this.#path);
  }

  start(changed: () => void): void {
    this.#changed = changed;
    this.#poll = setInterval(() => void this.#look(), this.#times.pollMs).unref();
    const name = basename(this.#path);
    try {
      // The directory: a file that is replaced by renaming is another one, which nobody watches.
      this.#watcher = watch(dirname(this.#path), { persistent: false }, (_, changedName) => {
        // Of a symbolic link the target may change, as Kubernetes does it; the look is cheap.
        if (changedName === null || changedName === name || changedName.startsWith('..')) {
          this.#lookSoon();
        }
      });
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // Not every system can watch; looking now and then is enough.
    }
  }

  stop(): void {
    this.#changed = undefined;
    this.#watcher?.close();
    clearInterval(this.#poll);
    clearTimeout(this.#soon);
    this.#soon = undefined;
  }

  #lookSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      void this.#look();
    }, this.#times.debounceMs).unref();
  }

  async #look(): Promise<void> {
    const now = await signatureOf(this.#path);
    if (now === this.#known) return;
    this.#known = now;
    this.#changed?.();
  }
}

async function signatureOf(path: string): Promise<Signature> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch {
    return missing;
  }
}

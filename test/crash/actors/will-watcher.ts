import { setTimeout as pause } from 'node:timers/promises';
import type { ProtocolVersion } from '@sluice/packet';
import type { Report } from '../report.ts';
import type { WillLedger } from '../will-ledger.ts';
import { Receiver } from './receiver.ts';

const pollMs = 5;
const patienceMs = 3_000;

/** Is told of every will. */
export class WillWatcher extends Receiver {
  readonly #ledger: WillLedger;

  constructor(version: ProtocolVersion, ledger: WillLedger, report: Report) {
    super(`watcher-${version}`, version, 'will/+', report);
    this.#ledger = ledger;
    ledger.addWatcher(this.name);
  }

  /** Settles when all wills that are due have come, or none comes any more, which the ledger will tell. */
  override async satisfied(): Promise<void> {
    for (let waited = 0; waited < patienceMs && !this.#ledger.isComplete(this.name); ) {
      await pause(pollMs);
      waited += pollMs;
    }
  }

  protected override deliver(_topic: string, payload: string): void {
    this.#ledger.published(this.name, Number(payload));
  }
}

import type { Plugin } from '@sluice/plugin';
import { AuthService, type AuthStats } from './auth-service.ts';
import { type AuthOptions, checkOptions } from './options.ts';
import type { AccessQuestion, Explanation } from './rules/explain.ts';

/** The plug-in, and what an application may ask of it. */
export interface AuthPlugin extends Plugin {
  /**
   * Reads all files and sources again; what they say takes effect at once, also on who is connected. Rejects with a
   * `BrokerError` when one is broken: what that one said before stays in force.
   */
  reload(): Promise<void>;
  /** Reads and checks all files and sources, without a broker; `setup` does it by itself. Rejects as `reload` does. */
  load(): Promise<void>;
  /** Says whether somebody may do something, and which rule decides. From `load` or `setup` on. */
  explain(question: AccessQuestion): Explanation;
  readonly stats: AuthStats;
}

/**
 * Who clients are (users with passwords, tokens, certificates) and what they may do (access rules). A file that is
 * missing or broken fails the start of the broker with a `BrokerError`; so do options that contradict each other.
 */
export function auth(options: AuthOptions): AuthPlugin {
  const service = new AuthService(checkOptions(options));
  return {
    name: 'auth',
    setup: (context) => service.setup(context),
    load: () => service.load(),
    reload: () => service.reload(),
    explain: (question) => service.explain(question),
    get stats() {
      return service.stats;
    },
  };
}

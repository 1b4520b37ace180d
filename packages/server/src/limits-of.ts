import { type BanList, banList, connectRate, messageRate, sessionsPerUser } from '@sluice/limits';
import type { Plugin } from '@sluice/plugin';
import type { ResolvedConfig } from './config.ts';

/** The plug-ins that bound how often and how much, as a configuration asks for them. */
export interface LimitPlugins {
  readonly bans: BanList | undefined;
  /** All of them, bans included. */
  readonly all: readonly Plugin[];
}

export function limitsOf(config: ResolvedConfig): LimitPlugins {
  const bans = config.bans && banList(config.bans);
  const all = [
    bans,
    config.connectRate && connectRate(config.connectRate),
    config.messageRate && messageRate(config.messageRate),
    config.sessionsPerUser && sessionsPerUser(config.sessionsPerUser),
  ];
  return { bans, all: all.filter((plugin) => plugin !== undefined) };
}

import type { BrokerOptions } from '@sluice/core';
import type { ResolvedConfig } from './config.ts';

/** What a configuration says of the broker itself. */
export function brokerOptionsOf(config: ResolvedConfig): BrokerOptions {
  const { limits, features, queueOverflow, slowReceiver, serverReference } = config;
  const { allowControlCharacters } = config;
  return { limits, features, queueOverflow, slowReceiver, serverReference, allowControlCharacters };
}

import { BrokerError } from '@sluice/plugin';

/** The error for asking something of a store where there is none. */
export function noStore(): BrokerError {
  return new BrokerError(
    'SLUICE_NO_STORE',
    'Everything is kept in memory: there is no store on disk.',
  );
}

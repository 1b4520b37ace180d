import type { EventEmitter } from 'node:events';
import type { BrokerEvents } from '@sluice/core';
import { reasonCodeName } from '@sluice/packet';
import type { Client, ConnectionInfo } from '@sluice/plugin';
import type { Logger } from 'pino';
import { LogBudget } from './log-budget.ts';
import { printable } from './printable.ts';

const measures = {
  slowing: 'who publishes most is hardly read from',
  dropping: 'QoS 0 is dropped for clients that are behind',
  refusing: 'CONNECT is refused',
} as const;

// Lines a second of one kind: enough to see what is going on, too few to fill a disk.
const maxLinesPerSecond = 20;
// More than client identifiers may have by default. A stranger's may have 64 KB, each of them escaped.
const maxLength = 300;

/** Writes what happens in a broker to the log: clients at debug, refusals at info, the end of an outage and the memory at warn, errors at error. */
export function logEvents(broker: EventEmitter<BrokerEvents>, logger: Logger): void {
  const errors = new LogBudget(logger, maxLinesPerSecond);
  const refusals = new LogBudget(logger, maxLinesPerSecond);

  broker.on('error', (error) => {
    if (errors.take()) logger.error({ err: error }, 'error');
  });
  broker.on('recovered', ({ failedForMs, attempts }) => {
    logger.warn(
      { failedForMs: Math.round(failedForMs), attempts },
      'the store works again: everything that waited is committed',
    );
  });
  broker.on('overload', ({ level, previous, memoryBytes, maxMemoryBytes }) => {
    const fields = { level, previous, memoryBytes, maxMemoryBytes };
    if (level === 'none') logger.warn(fields, 'the memory is enough again');
    else logger.warn(fields, `the memory is short: ${measures[level]}`);
  });
  broker.on('refused', ({ connection, clientId, reasonCode, message }) => {
    if (!logger.isLevelEnabled('info') || !refusals.take()) return;
    logger.info(
      {
        ...(clientId !== undefined && { clientId: shown(clientId) }),
        ...connectionFields(connection),
        reasonCode,
        reason: shown(message),
      },
      'connection refused',
    );
  });
  broker.on('connected', ({ client, sessionPresent }) => {
    if (!logger.isLevelEnabled('debug')) return;
    logger.debug(
      {
        ...clientFields(client),
        ...connectionFields(client.connection),
        protocolVersion: client.protocolVersion,
        sessionPresent,
      },
      'client connected',
    );
  });
  broker.on('disconnected', ({ client, by, reasonCode, error }) => {
    if (!logger.isLevelEnabled('debug')) return;
    logger.debug(
      {
        ...clientFields(client),
        by,
        reasonCode,
        ...reasonField(reasonCode, error),
      },
      'client disconnected',
    );
  });
}

/** The beginning of what a peer may have chosen. */
function shown(text: string): string {
  return printable(text.length > maxLength ? `${text.slice(0, maxLength)}...` : text);
}

/** What the stream said, or the reason code in words. */
function reasonField(reasonCode: number, error: Error | undefined): object {
  if (error !== undefined) return { reason: shown(error.message) };
  return reasonCode === 0 ? {} : { reason: reasonCodeName(reasonCode) };
}

function clientFields({ clientId, userName }: Client): object {
  return {
    clientId: shown(clientId),
    ...(userName !== undefined && { userName: shown(userName) }),
  };
}

function connectionFields({ transport, remoteAddress, remotePort }: ConnectionInfo): object {
  return {
    transport,
    ...(remoteAddress !== undefined && {
      remote: printable(`${remoteAddress} port ${remotePort}`),
    }),
  };
}

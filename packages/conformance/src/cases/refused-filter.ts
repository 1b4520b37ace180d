import { ReasonCode } from '@sluice/packet';
import { props, rawPacket, str, u16 } from '../bytes.ts';
import { CaseFailure } from '../failures.ts';
import type { Trial } from '../trial.ts';
import { malformedCodes } from './codes.ts';

/** A filter that no client may send must be refused in SUBACK, or the connection must end. */
export async function isClosedOrRefused(t: Trial, filter: string): Promise<void> {
  const client = await t.connect();
  const properties = t.version === 5 ? props() : '';
  client.send(rawPacket(0x82, u16(7), properties, str(filter), 0));
  const answer = await client.receive();
  if (answer === undefined || answer.type === 14) {
    const codes: readonly number[] = [...malformedCodes, ReasonCode.topicFilterInvalid];
    if (answer !== undefined && !codes.includes(answer.reasonCode)) {
      throw new CaseFailure(`DISCONNECT with code ${answer.reasonCode} for the filter '${filter}'`);
    }
    await client.expectClosed();
    return;
  }
  const isRefused = answer.type === 9 && answer.reasonCodes.every((code) => code >= 0x80);
  if (!isRefused) throw new CaseFailure(`the filter '${filter}' was accepted`);
}

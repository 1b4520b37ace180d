import type { ConformanceCase } from '../case.ts';
import { aliasCases } from './alias.ts';
import { authCases } from './auth.ts';
import { connackCases } from './connack.ts';
import { connectCases } from './connect.ts';
import { disconnectCases } from './disconnect.ts';
import { errorsCases } from './errors.ts';
import { expiryCases } from './expiry.ts';
import { fixedHeaderCases } from './fixed-header.ts';
import { flowControlCases } from './flow-control.ts';
import { keepAliveCases } from './keep-alive.ts';
import { orderingCases } from './ordering.ts';
import { packetIdCases } from './packet-ids.ts';
import { packetSizeCases } from './packet-size.ts';
import { pingCases } from './ping.ts';
import { propertiesCases } from './properties.ts';
import { publishCases } from './publish.ts';
import { qosCases } from './qos.ts';
import { retainedCases } from './retained.ts';
import { sessionCases } from './session.ts';
import { sharedCases } from './shared.ts';
import { subscribeCases } from './subscribe.ts';
import { topicsCases } from './topics.ts';
import { transportCases } from './transport.ts';
import { unsubscribeCases } from './unsubscribe.ts';
import { utf8Cases } from './utf8.ts';
import { websocketCases } from './websocket.ts';
import { willCases } from './will.ts';

/** Every case of the suite, by the sections of the standard. */
export const allCases: readonly ConformanceCase[] = [
  ...connectCases,
  ...connackCases,
  ...publishCases,
  ...qosCases,
  ...subscribeCases,
  ...unsubscribeCases,
  ...disconnectCases,
  ...authCases,
  ...sessionCases,
  ...orderingCases,
  ...willCases,
  ...keepAliveCases,
  ...flowControlCases,
  ...expiryCases,
  ...aliasCases,
  ...sharedCases,
  ...topicsCases,
  ...retainedCases,
  ...propertiesCases,
  ...errorsCases,
  ...websocketCases,
  ...utf8Cases,
  ...fixedHeaderCases,
  ...packetIdCases,
  ...packetSizeCases,
  ...transportCases,
  ...pingCases,
];

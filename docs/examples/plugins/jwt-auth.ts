// Clients log in with a JSON Web Token as their password; its claims say who they are and what they may do.
import { createBroker } from '@sluice/core';
import { filterCovers, ReasonCode, topicMatches } from '@sluice/packet';
import { allow, type Client, deny, type Plugin } from '@sluice/plugin';
import { type CryptoKey, type JWTVerifyGetKey, jwtVerify, SignJWT } from 'jose';
import { type Running, runIfMain, type StartOptions, serve } from '../serve.ts';

export interface JwtAuthOptions {
  /** A secret, a public key, or `createRemoteJWKSet(url)` for the keys of an identity provider. */
  readonly key: CryptoKey | Uint8Array | JWTVerifyGetKey;
  /** Who must have issued the token. */
  readonly issuer: string;
  /** For whom it must have been issued. */
  readonly audience: string;
}

/** What a token may claim of topics: lists of topic filters. */
interface Claims {
  readonly publish?: readonly string[];
  readonly subscribe?: readonly string[];
}

export function jwtAuth({ key, issuer, audience }: JwtAuthOptions): Plugin {
  // jwtVerify is declared once for keys and once for functions that find one.
  const getKey: JWTVerifyGetKey = typeof key === 'function' ? key : () => key;
  const requiredClaims = ['sub', 'exp'];

  return {
    name: 'jwt-auth',
    setup(context) {
      context.hook('authenticate', async ({ password }) => {
        const token = new TextDecoder().decode(password);
        const verified = await jwtVerify<Claims>(token, getKey, {
          issuer,
          audience,
          requiredClaims,
        }).catch(() => undefined);
        if (verified === undefined) return deny(ReasonCode.badUserNameOrPassword);
        const { sub = '', exp = 0, publish, subscribe } = verified.payload;
        // With its last second the connection ends, too.
        return allow({
          identity: sub,
          attributes: { publish, subscribe },
          expiresAt: exp * 1_000,
        });
      });

      context.hook('authorizePublish', ({ client, message }) =>
        matchesAny(claimsOf(client).publish, message.topic) ? allow() : deny(),
      );
      // One claim has to cover all that the filter can match.
      context.hook('authorizeSubscribe', ({ client, subscription: { filter } }) => {
        const { subscribe = [] } = claimsOf(client);
        return subscribe.some((claim) => filterCovers(claim, filter)) ? allow() : deny();
      });
      // A session outlives its token: what was subscribed to with an older one is checked again.
      context.hook('authorizeDeliver', ({ client, message }) =>
        matchesAny(claimsOf(client).subscribe, message.topic) ? allow() : deny(),
      );
    },
  };
}

function matchesAny(filters: readonly string[] = [], topic: string): boolean {
  return filters.some((filter) => topicMatches(filter, topic));
}

function claimsOf(client: Client): Claims {
  return client.attributes;
}

const issuer = 'https://login.example';
const audience = 'mqtt';

/** A token as the identity provider would issue it; `lifetime` as in '10m' or '2h'. */
export function issueToken(
  key: Uint8Array,
  user: string,
  claims: Claims,
  lifetime = '10m',
): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(user)
    .setIssuer(issuer)
    .setAudience(audience)
    .setExpirationTime(lifetime)
    .sign(key);
}

export async function start(options: StartOptions, key: Uint8Array): Promise<Running> {
  return serve(await createBroker({ plugins: [jwtAuth({ key, issuer, audience })] }), options);
}

await runIfMain(import.meta, async (options) => {
  const key = crypto.getRandomValues(new Uint8Array(32));
  const token = await issueToken(key, 'anna', { publish: ['home/#'], subscribe: ['home/#'] }, '1h');
  console.log(`for the next hour Anna's password is ${token}`);
  return start(options, key);
});

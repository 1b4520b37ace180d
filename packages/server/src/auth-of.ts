import type { AuthPlugin } from '@sluice/auth';
import type { ResolvedConfig } from './config.ts';

/** Whether a configuration says who clients are, so that strangers stay out. */
export function asksWhoClientsAre({ users, jwt, certificate }: ResolvedConfig): boolean {
  return users !== undefined || jwt !== undefined || certificate !== undefined;
}

/**
 * The plug-in for who may connect and do what; undefined where everybody may do everything. Nothing is read yet. With
 * `externalIdentities`, rules about users make sense without anything here that says who they are.
 */
export async function authOf(
  config: ResolvedConfig,
  externalIdentities = false,
): Promise<AuthPlugin | undefined> {
  const { users, rules, jwt, certificate, allowAnonymous, attempts } = config;
  const asks = asksWhoClientsAre(config);
  if (!asks && rules === undefined) return undefined;
  // A fifth of all modules: a start without it is that much sooner ready.
  const { auth } = await import('@sluice/auth');
  return auth({
    users,
    rules,
    jwt,
    certificate,
    attempts,
    // Where nobody is asked for anything, everybody is in already.
    ...(asks ? { anonymous: allowAnonymous } : { externalIdentities }),
  });
}

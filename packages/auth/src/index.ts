export type { AttemptOptions } from './attempts/attempt-limits.ts';
export type { AuthPlugin } from './auth.ts';
export { auth } from './auth.ts';
export type { AuthStats } from './auth-service.ts';
export type {
  CertificateEntry,
  CertificateMatch,
  CertificateOptions,
} from './certificates/certificate-options.ts';
export type { DocumentSource, Given } from './documents/document-source.ts';
export type { AnonymousOptions, AuthOptions } from './options.ts';
export { hashPassword, verifyPassword } from './passwords/password.ts';
export type { AccessQuestion, DecidingRule, Explanation } from './rules/explain.ts';
export type { Action, RulePlace } from './rules/rule.ts';
export type { RuleEntry, RuleSource, RulesFile } from './rules/rules-file.ts';
export type { RuleWho } from './rules/who.ts';
export { hashPasswordForScram } from './scram/scram-keys.ts';
export type { TokenKeys, TokenOptions, TokenPlace } from './tokens/token-options.ts';
export type { UserEntry, UserSource, UsersFile } from './users/users-file.ts';
export { writeUser } from './users/write-user.ts';

export { auth } from './auth.ts';
export type { AuthOptions } from './options.ts';
export { hashPassword, verifyPassword } from './password.ts';
export type { Action, RuleEntry, RulesFile, RuleWho } from './rules-file.ts';
export { hashPasswordForScram } from './scram-keys.ts';
export type { UserEntry, UsersFile } from './users-file.ts';
export { writeUser } from './write-user.ts';

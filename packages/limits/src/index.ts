export type { Ban } from './ban.ts';
export { type BanList, type BanListOptions, banList } from './ban-list.ts';
export type { Clock } from './clock.ts';
export { type ConnectionRate, type ConnectRateOptions, connectRate } from './connect-rate.ts';
export { type MessageRateOptions, messageRate } from './message-rate.ts';
export { networkOf } from './network.ts';
export { type SessionsPerUserOptions, sessionsPerUser } from './sessions-per-user.ts';

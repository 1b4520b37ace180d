export type { AttachOptions } from './attach-options.ts';
export { attachWebSocket } from './attach-web-socket.ts';
export type {
  CertificateFiles,
  Durability,
  HandshakeOptions,
  ListenerOptions,
  ListenerType,
  LogLevel,
  ProxyOptions,
  ServerConfig,
  StoreOptions,
  TcpListenerOptions,
  TlsListenerOptions,
  UnixListenerOptions,
  WsListenerOptions,
  WssListenerOptions,
} from './config.ts';
export { readConfigFile } from './config-file.ts';
export type { LimitConfig } from './config-limits.ts';
export type { ListenerAddress, RunningServer, ServerOptions } from './server.ts';
export { startServer } from './server.ts';
export { webSocketStream } from './web-socket-stream.ts';

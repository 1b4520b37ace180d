export type { DecoderOptions } from './decoder.ts';
export { Decoder } from './decoder.ts';
export type { DecoderBounds } from './decoder-rules.ts';
export { writeAcknowledgement } from './encode-acknowledgement.ts';
export { encodePacket } from './encode-packet.ts';
export type { PublishHead, PublishHeadFields } from './encode-publish.ts';
export { encodePublishHead } from './encode-publish.ts';
export {
  malformed,
  ProtocolError,
  protocolError,
  TooManyError,
  UnsupportedVersionError,
} from './errors.ts';
export { IncomingPublish } from './incoming-publish.ts';
export { packetTypeName, reasonCodeName } from './names.ts';
export type {
  AcknowledgementPacket,
  AuthPacket,
  AuthProperties,
  ConnackPacket,
  ConnackProperties,
  ConnectPacket,
  ConnectProperties,
  DisconnectPacket,
  DisconnectProperties,
  Packet,
  PingreqPacket,
  PingrespPacket,
  ProtocolVersion,
  PublishPacket,
  PublishProperties,
  Qos,
  ReasonProperties,
  SubackPacket,
  SubscribePacket,
  SubscribeProperties,
  SubscriptionRequest,
  UnsubackPacket,
  UnsubscribePacket,
  UserProperties,
  Will,
  WillProperties,
} from './packets.ts';
export { noProperties, PacketType } from './packets.ts';
export { propertiesBytes } from './properties-bytes.ts';
export { isFailure, ReasonCode } from './reason-code.ts';
export {
  connackCodes,
  disconnectCodes,
  receivedCodes,
  subackCodes,
  unsubackCodes,
} from './reason-rules.ts';
export { TopicCache } from './topic-cache.ts';
export { TopicName } from './topic-name.ts';
export {
  countLevels,
  filterCovers,
  hasWildcard,
  isValidTopicFilter,
  isValidTopicName,
  parseSharedFilter,
  topicMatches,
} from './topics.ts';

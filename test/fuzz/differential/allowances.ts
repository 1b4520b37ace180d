/** A difference between the codec and mqtt-packet that is no fault of the codec. */
export interface Allowance {
  readonly name: string;
  /** Which message of the codec, or of mqtt-packet, goes with it. */
  readonly message: RegExp;
}

/** The codec refuses what mqtt-packet accepts. */
export const stricter: readonly Allowance[] = [
  {
    name: 'fields end where the packet ends',
    message:
      /^(?:a field ends beyond|a topic ends beyond|bytes are left over|an acknowledgement of a wrong length|an acknowledgement without a reason code|a ping with a body|a DISCONNECT with a body|a PUBLISH without (?:a topic|its packet identifier))/,
  },
  {
    name: 'strings are UTF-8 without U+0000',
    message: /^(?:ill-formed UTF-8|U\+0000) in a string$/,
  },
  {
    name: 'no control characters in names',
    message: /^a control character or non-character in a /,
  },
  {
    name: 'lengths are minimal',
    message:
      /^(?:the Remaining Length|a Variable Byte Integer) (?:is not minimal|has more than four bytes)$/,
  },
  {
    name: 'each side sends its own packets',
    message: /^first byte 0x[0-9a-f]{2} is not allowed here$/,
  },
  {
    name: 'no DUP at QoS 0',
    message: /^first byte 0x3[89] has a wrong type or wrong flags$/,
  },
  {
    name: 'packet identifiers are not 0',
    message: /^packet identifier 0$/,
  },
  {
    name: 'reason codes belong to their packet',
    message: /^(?:reason|return) code 0x[0-9a-f]+ does not belong here$/,
  },
  {
    name: 'properties belong to their packet, once, with a value that they can have',
    message:
      /^(?:property \w+ (?:does not belong here|is there twice)|\w+ is (?:0|neither 0 nor 1|empty or has a wildcard)|topic alias 0)$/,
  },
  {
    name: 'topics and filters are there, and topics have no wildcard',
    message:
      /^(?:a SUBSCRIBE without a topic filter|an UNSUBSCRIBE without a topic filter|an empty topic filter|a wildcard in a topic name|a will topic is empty or has a wildcard|a PUBLISH with (?:an empty topic|neither a topic nor a topic alias))$/,
  },
  {
    name: 'flags that contradict each other',
    message:
      /^(?:a session present in a refusal|a password without a user name|will QoS 3|will QoS or will retain without a will|No Local on a shared subscription|authentication data without a method|an AUTH without a method)$/,
  },
  {
    name: 'bridges of Mosquitto, and levels that are not there',
    message: /^unsupported: MQ(?:TT|Isdp) with level \d+$/,
  },
];

/** The codec accepts what mqtt-packet refuses: all of it in 3.1, which leaves it open. */
export const laxer: readonly Allowance[] = [
  {
    name: 'flags in the header of 3.1',
    message: /^Invalid header flag bits, must be 0x[02] for [a-z]+ packet$/,
  },
  {
    name: 'unused bits of 3.1',
    message:
      /^(?:Connect flag bit 0 must be 0|Invalid connack flags, bits 7-1|Invalid subscribe topic flag bits, bits 7-)/,
  },
  {
    name: 'user name and password of 3.1 that are cut off',
    message: /^Cannot parse (?:username|password)$/,
  },
];

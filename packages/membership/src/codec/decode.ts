import { macFromBytes, rememberedBytes, type MacAddress } from '@fairlead/ip';
import { ProtocolError, Reader } from '@fairlead/wire';
import type { Heartbeat, Holding, LiveEntry, NodeClass, PeerEntry } from './heartbeat.ts';
import { protocolVersion } from './heartbeat.ts';
import { readBucketSet } from './bucket-set-form.ts';
import { unauthenticated, verify, type HeartbeatKeys } from './keyring.ts';
import {
  fixedBytes,
  macBytes,
  magic,
  maximumClusterIdBytes,
  maximumDatagramBytes,
  maximumMacs,
  maximumNodeNameBytes,
  peerClassShift,
  peerFlag,
  senderFlag,
  tlvType,
} from './layout.ts';

const rememberedHoldings = 1024;
const rememberedTexts = 256;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What the sender says about itself, in its own TLV. */
type Sender = Omit<Heartbeat, 'version' | 'minimumVersion' | 'macs' | 'peers' | 'holdings'>;

/**
 * Reads a datagram. A heartbeat of another cluster is told apart before its signature, which nobody here
 * could verify; everything else is read only once the signature was found right.
 * @param about The id of a node: what the sender says about others is passed over. Undefined = all is read.
 * @throws ProtocolError with one of the codes `truncated`, `not-a-heartbeat`, `malformed`,
 * `foreign-cluster` (the detail is that cluster's id), `unknown-key`, `bad-mac`, `newer-version`.
 */
export function decodeHeartbeat(
  datagram: Uint8Array,
  clusterId: string,
  keys: HeartbeatKeys,
  about?: number,
): Heartbeat {
  if (datagram.length > maximumDatagramBytes) {
    throw new ProtocolError('malformed', maximumDatagramBytes, `${datagram.length} bytes`);
  }
  const header = new Reader(datagram);
  if (header.u32() !== magic) throw new ProtocolError('not-a-heartbeat', 0, 'wrong magic');
  const version = header.u8();
  const minimumVersion = header.u8();
  const keyId = header.u32();
  const cluster = readText(header, maximumClusterIdBytes);
  if (cluster !== clusterId) throw new ProtocolError('foreign-cluster', fixedBytes, cluster);
  const body = verifiedBody(datagram, header.offset, keyId, keys);
  if (minimumVersion > protocolVersion) {
    const detail = `needs rules ${minimumVersion}, known are rules up to ${protocolVersion}`;
    throw new ProtocolError('newer-version', 5, detail);
  }
  const { sender, macs, peers, holdings } = readTlvs(body, about);
  // Field by field: spread syntax takes longer than reading them.
  return {
    version,
    minimumVersion,
    node: sender.node,
    incarnation: sender.incarnation,
    sequence: sender.sequence,
    intervalMs: sender.intervalMs,
    deadAfterMs: sender.deadAfterMs,
    class: sender.class,
    alone: sender.alone,
    fresh: sender.fresh,
    liveCount: sender.liveCount,
    macs,
    peers,
    holdings,
  };
}

function verifiedBody(
  datagram: Uint8Array,
  start: number,
  keyId: number,
  keys: HeartbeatKeys,
): Reader {
  if (keys === unauthenticated) {
    if (keyId !== 0) throw new ProtocolError('unknown-key', 6, `key ${keyId}`);
    return new Reader(datagram, 0, start);
  }
  const key = keys.find(({ id }) => id === keyId);
  if (key === undefined) throw new ProtocolError('unknown-key', 6, `key ${keyId}`);
  const end = datagram.length - macBytes;
  if (end < start) throw new ProtocolError('truncated', datagram.length, 'no room for the HMAC');
  if (!verify(key, datagram.subarray(0, end), datagram.subarray(end))) {
    throw new ProtocolError('bad-mac', end, `not signed by key ${keyId}`);
  }
  return new Reader(datagram, 0, start, end);
}

function readTlvs(body: Reader, about: number | undefined) {
  let sender: Sender | undefined;
  let macs: readonly MacAddress[] = [];
  let peers: readonly PeerEntry[] = [];
  const holdings: Holding[] = [];
  while (body.remaining > 0) {
    const offset = body.offset;
    const type = body.u8();
    const value = body.take(body.u16());
    switch (type) {
      case tlvType.sender:
        if (sender !== undefined) throw malformed(offset, 'a second sender');
        sender = readSender(value);
        break;
      case tlvType.macs:
        macs = readMacs(value);
        break;
      case tlvType.peers:
        peers = readPeers(value, about);
        break;
      case tlvType.holding: {
        const at = value.offset;
        const holding = readHolding(value.rest(), at);
        if (holdings.some(({ announcement }) => announcement === holding.announcement)) {
          throw malformed(offset, `a second holding of announcement ${holding.announcement}`);
        }
        holdings.push(holding);
        break;
      }
      default:
        // A newer sender's; what follows a known value's fields is skipped in the same way.
        break;
    }
  }
  if (sender === undefined) throw malformed(body.offset, 'no sender');
  return { sender, macs, peers, holdings };
}

function readSender(reader: Reader): Sender {
  const offset = reader.offset;
  const incarnation = reader.u32();
  const sequence = reader.u32();
  const intervalMs = reader.u16();
  const deadAfterMs = reader.u16();
  if (incarnation === 0) throw malformed(offset, 'incarnation 0');
  if (sequence === 0) throw malformed(offset + 4, 'sequence 0');
  if (intervalMs === 0 || deadAfterMs < intervalMs) {
    throw malformed(offset + 8, `interval ${intervalMs} ms, dead after ${deadAfterMs} ms`);
  }
  const nodeClass = readClass(reader);
  const flags = reader.u8();
  return {
    incarnation,
    sequence,
    intervalMs,
    deadAfterMs,
    class: nodeClass,
    alone: (flags & senderFlag.alone) !== 0,
    fresh: (flags & senderFlag.fresh) !== 0,
    liveCount: reader.u8(),
    node: readText(reader, maximumNodeNameBytes),
  };
}

function readClass(reader: Reader): NodeClass {
  const offset = reader.offset;
  const value = reader.u8();
  if (value > 3) throw malformed(offset, `class ${value}, expected 0 to 3`);
  return value as NodeClass;
}

function readMacs(reader: Reader): MacAddress[] {
  const macs: MacAddress[] = [];
  while (reader.remaining > 0) {
    if (macs.length === maximumMacs) throw malformed(reader.offset, 'too many MAC addresses');
    macs.push(macFromBytes(reader.bytes(6)));
  }
  return macs;
}

function readPeers(reader: Reader, about: number | undefined): PeerEntry[] {
  const peers: PeerEntry[] = [];
  while (reader.remaining > 0) {
    const id = reader.u32();
    if (about === undefined || id === about) peers.push(readPeer(reader, id));
    else skipPeer(reader);
  }
  return peers;
}

function readPeer(reader: Reader, id: number): PeerEntry {
  const incarnation = reader.u32();
  const flags = readPeerFlags(reader);
  const heard = (flags & peerFlag.heard) === 0 ? undefined : reader.u32();
  const live = (flags & peerFlag.live) === 0 ? undefined : readLive(reader, flags, heard);
  return { id, incarnation, heard, live };
}

/** Passes over what `readPeer` would read; what it would refuse is refused. */
function skipPeer(reader: Reader): void {
  reader.skip(4);
  const flags = readPeerFlags(reader);
  const heard = (flags & peerFlag.heard) === 0 ? 0 : 4;
  const sequence = (flags & peerFlag.sameSequence) === 0 ? 4 : 0;
  reader.skip(heard + ((flags & peerFlag.live) === 0 ? 0 : sequence + 4));
}

function readPeerFlags(reader: Reader): number {
  const offset = reader.offset;
  const flags = reader.u8();
  const { heard, live, sameSequence } = peerFlag;
  if ((flags & (heard | live | sameSequence)) === (live | sameSequence)) {
    throw malformed(offset, 'sequence of an unheard peer');
  }
  return flags;
}

function readLive(reader: Reader, flags: number, heard: number | undefined): LiveEntry {
  const same = (flags & peerFlag.sameSequence) !== 0;
  return {
    sequence: same && heard !== undefined ? heard : reader.u32(),
    ageMs: reader.u16(),
    deadAfterMs: reader.u16(),
    class: ((flags >>> peerClassShift) & 3) as NodeClass,
  };
}

/** What a node holds is the same in most of its heartbeats. */
const readHolding = rememberedBytes(rememberedHoldings, (bytes, offset): Holding => {
  const reader = new Reader(bytes, offset);
  const announcement = reader.u32();
  const held = readBucketSet(reader);
  return { announcement, held, offered: readBucketSet(reader) };
});

function readText(reader: Reader, maximum: number): string {
  const offset = reader.offset;
  const length = reader.u8();
  if (length === 0 || length > maximum) throw malformed(offset, `text of ${length} bytes`);
  return decodeText(reader.bytes(length), offset);
}

/** Few clusters and few nodes are ever heard. */
const decodeText = rememberedBytes(rememberedTexts, (bytes, offset): string => {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new ProtocolError('malformed', offset, 'text that is not UTF-8', { cause });
  }
});

function malformed(offset: number, detail: string): ProtocolError {
  return new ProtocolError('malformed', offset, detail);
}

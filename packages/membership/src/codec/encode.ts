import { macToBytes } from '@fairlead/ip';
import { Writer } from '@fairlead/wire';
import type { Heartbeat, Holding, PeerEntry } from './heartbeat.ts';
import { writeBucketSet } from './bucket-set-form.ts';
import { unauthenticated, type HeartbeatKeys } from './keyring.ts';
import {
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

const encoder = new TextEncoder();

/** Heartbeats are written one at a time; the result is a copy. */
const scratch = new Uint8Array(maximumDatagramBytes);

/**
 * The datagram of a heartbeat, signed by the first key.
 * @throws RangeError where a field or the whole does not fit: a mistake of the caller, never of a peer.
 */
export function encodeHeartbeat(
  beat: Heartbeat,
  clusterId: string,
  keys: HeartbeatKeys,
): Uint8Array {
  const key = keys === unauthenticated ? undefined : keys[0];
  const writer = new Writer(scratch);
  writer.u32(magic).u8(beat.version).u8(beat.minimumVersion);
  writer.u32(key?.id ?? 0);
  writeText(writer, clusterId, maximumClusterIdBytes);
  writeTlv(writer, tlvType.sender, () => writeSender(writer, beat));
  writeTlv(writer, tlvType.macs, () => {
    for (const mac of beat.macs.slice(0, maximumMacs)) writer.bytes(macToBytes(mac));
  });
  if (beat.peers.length > 0) {
    writeTlv(writer, tlvType.peers, () => {
      for (const entry of beat.peers) writePeer(writer, entry);
    });
  }
  for (const holding of beat.holdings) {
    writeTlv(writer, tlvType.holding, () => writeHolding(writer, holding));
  }
  if (key !== undefined) writer.bytes(key.sign(writer.finish()));
  return writer.finish().slice();
}

function writeTlv(writer: Writer, type: number, writeValue: () => void): void {
  writer.u8(type).u16(0);
  const start = writer.length;
  writeValue();
  writer.patchU16(start - 2, writer.length - start);
}

function writeText(writer: Writer, text: string, maximum: number): void {
  const bytes = encoder.encode(text);
  if (bytes.length === 0 || bytes.length > maximum) {
    throw new RangeError(`${JSON.stringify(text)} has ${bytes.length} bytes, not 1 to ${maximum}`);
  }
  writer.u8(bytes.length).bytes(bytes);
}

function writeSender(writer: Writer, beat: Heartbeat): void {
  writer.u32(beat.incarnation).u32(beat.sequence).u16(beat.intervalMs).u16(beat.deadAfterMs);
  writer.u8(beat.class);
  writer.u8((beat.alone ? senderFlag.alone : 0) | (beat.fresh ? senderFlag.fresh : 0));
  writer.u8(beat.liveCount);
  writeText(writer, beat.node, maximumNodeNameBytes);
}

function writePeer(writer: Writer, entry: PeerEntry): void {
  const { heard, live } = entry;
  const same = live !== undefined && live.sequence === heard;
  writer.u32(entry.id).u32(entry.incarnation);
  writer.u8(
    (heard === undefined ? 0 : peerFlag.heard) |
      (live === undefined ? 0 : peerFlag.live | (live.class << peerClassShift)) |
      (same ? peerFlag.sameSequence : 0),
  );
  if (heard !== undefined) writer.u32(heard);
  if (live === undefined) return;
  if (!same) writer.u32(live.sequence);
  writer.u16(live.ageMs).u16(live.deadAfterMs);
}

function writeHolding(writer: Writer, holding: Holding): void {
  writer.u32(holding.announcement);
  writeBucketSet(writer, holding.held);
  writeBucketSet(writer, holding.offered);
}

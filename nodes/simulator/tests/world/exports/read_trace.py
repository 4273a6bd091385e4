"""Reads a trace from the standard input with Perfetto's own message definitions, and prints what it has."""

import json
import sys

from google.protobuf import unknown_fields
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackEvent


def unknown(message):
    """The number of fields that the definitions don't have."""
    count = len(unknown_fields.UnknownFieldSet(message))
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            parts = [value] if hasattr(value, "ListFields") else value
            count += sum(unknown(part) for part in parts)
    return count


trace = Trace()
trace.ParseFromString(sys.stdin.buffer.read())
tracks = {}
found = {"unknown": unknown(trace), "instants": [], "slices": [], "begun": [], "ended": []}
for packet in trace.packet:
    if packet.HasField("track_descriptor"):
        tracks[packet.track_descriptor.uuid] = packet.track_descriptor.name
    if not packet.HasField("track_event"):
        continue
    event = packet.track_event
    if event.type == TrackEvent.TYPE_INSTANT:
        found["instants"].append([event.track_uuid, packet.timestamp, event.name])
    if event.type == TrackEvent.TYPE_SLICE_BEGIN:
        found["slices"].append([event.track_uuid, event.name])
    found["begun"] += event.flow_ids
    found["ended"] += event.terminating_flow_ids
found["tracks"] = list(tracks.values())
print(json.dumps(found))

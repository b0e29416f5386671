// Every bound of the server, with its reason. A queue, body, frame or retry without an entry here
// is a bug.
#pragma once

#include <cstddef>
#include <cstdint>

namespace telltale::limits {

// --- what comes in
// One POST of events. Large enough for 100,000 points in JSON, small enough to hold a few hundred.
inline constexpr std::size_t kIngestBodyBytes = 16U << 20;
inline constexpr std::size_t kIngestEvents = 20'000;  // lines of it, refused ones included
// One event. Kafka's default message.max.bytes is 1 MiB; log bytes are split below it by the
// sender.
inline constexpr std::size_t kEventBytes = 960U << 10;
// The same as the log gets it, with its run's key: an event in JSON grows, and one with fields of a
// newer version has its line beside it. Kafka's topics take 2 MiB with the headers.
inline constexpr std::size_t kEventRecordBytes = (2U << 20) - (64U << 10);
inline constexpr std::size_t kEventIdBytes = 128;
inline constexpr std::size_t kHeaderBytes = 32U << 10;
// Bodies that are gathered at a time, all connections together, until their requests are answered:
// beyond it 429. A few large ones, many of a usual size.
inline constexpr std::size_t kBodyBytes = 64U << 20;
// What is taken off a socket at a time, and given to one. Moving it renews a connection's wait.
inline constexpr std::size_t kBodyPieceBytes = 64U << 10;
// Bodies of everything but ingest.
inline constexpr std::size_t kRequestBodyBytes = 1U << 20;
// One argument of a process that is started for a request: Linux takes 128 KiB, name and all.
inline constexpr std::size_t kArgumentBytes = 120U << 10;
// A WebSocket message of a client is a subscription; none is near this.
inline constexpr std::size_t kClientFrameBytes = 64U << 10;

// What one run may send in a second, log output included: a flood of one is nobody else's delay.
inline constexpr std::size_t kRunBytesPerSecond = 32U << 20;

// --- what is fetched from a source
// One batch, in memory whole, and no more than this of one source under way at a time.
inline constexpr std::size_t kSourceBatchBytes = 1U << 20;
// Of tiny ones: so many parsed events take a few times the bytes they came in.
inline constexpr std::size_t kSourceBatchItems = 2'000;
// A source that has much to tell at once, as one read from its beginning: the pace of any run.
inline constexpr std::size_t kSourceBytesPerSecond = kRunBytesPerSecond;
// Positions of one source in the log are so far apart: who starts reads all that were not compacted
// yet, and a crash repeats no more than this.
inline constexpr std::int64_t kSourcePositionUs = 1'000'000;
// Until what failed is tried again: this, doubled each time up to the most, and from half of that
// on by chance.
inline constexpr std::int64_t kSourceRetryUs = 100'000;
inline constexpr std::int64_t kSourceRetryUsMax = 10'000'000;

// --- what a Kubernetes source tells
// A node map that Argo packed, unpacked: 64 times what an object of etcd holds.
inline constexpr std::size_t kNodesBytes = 64U << 20;
// Templates of one workflow as they are kept, in one event; the rest is told by its nodes alone.
inline constexpr std::size_t kTemplatesBytes = 512U << 10;
inline constexpr std::size_t kPodContainers = 64;
inline constexpr std::size_t kSourceIdBytes = 512;  // of a node or a pod
// Workflows and pods whose last state is remembered, so that only what changed becomes an event.
// Past it all is forgotten: the next news of each repeats it whole, harmlessly.
inline constexpr std::size_t kSourceObjects = 100'000;
// Tasks of one run that only its templates tell of. Templates that refer to each other unfold to
// any number.
inline constexpr std::size_t kTasksToCome = 5'000;

// Nodes of one run that are kept: ten times the largest workflow we know of.
inline constexpr std::size_t kSourceNodes = 50'000;
// A recorded stream is posted in bodies of about this size, some milliseconds of news of a cluster.
inline constexpr std::size_t kImportBodyBytes = 1U << 20;
// Until what the server refused for now is given up.
inline constexpr std::int64_t kImportPatienceUs = 120'000'000;

// --- queues
// Events accepted but not yet on disk; past it ingest answers 429.
inline constexpr std::size_t kLogQueueBytes = 64U << 20;
// Rejected input kept for a person to read; the oldest goes first.
inline constexpr std::size_t kRejections = 1'000;
inline constexpr std::size_t kRejectionSampleBytes = 512;

// --- folded state
// Ids of a run's last events without an epoch, kept so that a repeat changes nothing. A sender
// holds far fewer unanswered events than this.
inline constexpr std::size_t kRepeatWindow = 4'096;
// Tasks of a run, removed ones included, and what they depend on, together: twice and six times
// what the largest pipelines have, and few enough that a run is read and encoded within a turn of a
// loop.
inline constexpr std::size_t kRunTasks = 20'000;
inline constexpr std::size_t kRunEdges = 60'000;

// What the runs of one process that are being folded may take, by their own count; past it those
// that nothing was told about for the longest time leave, and are read back when there is news.
inline constexpr std::size_t kFoldedRunsBytes = 1U << 30;

// --- what the fold keeps in the store
// A snapshot: protobuf writes nothing of 2 GiB. A larger run is kept as its events alone.
inline constexpr std::size_t kSnapshotBytes = (2U << 30) - (1U << 20);
// One pack of snapshots, in memory until it is put. A single snapshot may be larger.
inline constexpr std::size_t kPackBytes = 64U << 20;
// Open runs a checkpoint names, 100 bytes each; beyond it the longest unchanged get a manifest.
inline constexpr std::size_t kCheckpointRuns = 10'000;
// Runs that leave a checkpoint at once for their manifest: what the next one is late by at most.
inline constexpr std::size_t kRunsMovedOut = 256;
// A run without a change for this long gets a manifest, so that no old pack is kept for it.
inline constexpr std::int64_t kQuietRunUs = 600'000'000;
// Store calls of one checkpoint at a time: they wait for the store, not for this machine.
inline constexpr int kStoreCalls = 8;
// Events of one run that are archived together, before compression: a put costs the same for a
// byte, a reader of one event gets all of them, and packing them takes a millisecond of the loop.
inline constexpr std::size_t kEventBlockBytes = 256U << 10;
// What a block may claim to hold: a larger record than any topic of ours takes.
inline constexpr std::size_t kEventBlockBytesMax = 16U << 20;
inline constexpr std::size_t kEventBlockHeadBytes = 1U << 10;  // its lines of text
// Events of a run that has few are gathered for so long; this much of the log is read again by
// whoever takes the partition next.
inline constexpr std::int64_t kArchiveAgeUs = 60'000'000;
// The same where much comes in a short time: half a second of reading.
inline constexpr std::size_t kArchiveLagBytes = 64U << 20;
// What is gathered of a partition's runs; past it the biggest go to the store until half is left.
inline constexpr std::size_t kArchiveOpenBytes = 8U << 20;
// Full blocks on their way to the store; past it the log, which has them too, is not read on.
inline constexpr std::size_t kArchiveWaitingBytes = 8U << 20;
// Puts of one partition's blocks at a time, and gets of who folds a run again.
inline constexpr int kArchiveCalls = 4;
// Holes that a partition's checkpoint names one by one; the newest ones are told as one beyond it.
inline constexpr std::size_t kArchiveGaps = 100;
// Keys of one listing while looking for orphans.
inline constexpr std::size_t kSweepKeys = 1'000;
// A claim that was not confirmed for this long is looked at again before anything is published
// under it: the process may have slept, and another one may hold the partition. Less than the 6 s
// after which the group gives a silent member's partitions away.
inline constexpr std::int64_t kClaimTrustUs = 5'000'000;
// A partition lost to another member that the group still says is ours is claimed again after
// this: by then the other one has learnt that it is not its own, or the group has told us.
inline constexpr std::int64_t kReclaimUs = 10'000'000;
// Last checkpoints and positions of a process that stops; beyond it the work is done again
// elsewhere.
inline constexpr std::int64_t kHandOverUs = 5'000'000;

// --- what an operator's commands hold
// Objects of one listing, 100 bytes each: a folder is walked whole for every one.
inline constexpr std::size_t kAdminListKeys = 100'000;
// Objects being read at a time.
inline constexpr std::size_t kAdminCalls = 8;

// --- what goes out
inline constexpr std::size_t kReadBatchBytes = 4U << 20;
inline constexpr std::size_t kReadBatchRecords = 10'000;
inline constexpr std::size_t kLogFrameBytes = 256U << 10;  // one live frame of a task's log
// Frames joined to one live message, so that a reader on a slow line has a small one before a large
// one has come.
inline constexpr std::size_t kLiveMessageBytes = 64U << 10;
inline constexpr std::size_t kSeriesColumns = 4'096;  // pixel columns of one chart
inline constexpr std::size_t kRunsPage = 200;
inline constexpr std::size_t kEventsPage = 10'000;         // events of one answer, and
inline constexpr std::size_t kEventsPageBytes = 8U << 20;  // their bytes as JSON
inline constexpr std::size_t kSubscriptions = 256;         // of one connection
inline constexpr std::size_t kConnections = 1'024;         // that bring requests
// Of a name or a message in a list of runs: more than a line shows.
inline constexpr std::size_t kRunTextBytes = 300;
// Lists with different filters that are kept up to date with each change; one more is made anew
// from all runs when it is asked for, and the one not asked for the longest goes.
inline constexpr std::size_t kRunWindows = 32;
// WebSockets and event streams, which come on top. Beyond it another node has room.
inline constexpr std::size_t kLiveConnections = 16'384;

// --- times
// What a loop applies of a batch before it lets others have their turn: much less than what a
// person notices, much more than what taking turns costs.
inline constexpr std::int64_t kTurnUs = 10'000;
// Two frames of one subscription are at least this far apart: a page paints 60 times a second.
inline constexpr std::int64_t kFrameGapUs = 8'000;
// The same for a run of which only numbers moved: last values, sizes of logs, progress. Charts and
// logs have frames of their own; a number that changes more often than this can't be read. Where
// many readers wait for their turns it is more, up to kPulseUs.
inline constexpr std::int64_t kNumbersGapUs = 200'000;
inline constexpr std::int64_t kPulseUs = 1'000'000;
// Runs that fall silent are told of in steps of this.
inline constexpr std::int64_t kListLookUs = 1'000'000;
inline constexpr std::int64_t kSummaryGapUs = 100'000;  // moments in which summaries are published
inline constexpr std::int64_t kCheckpointUs = 5'000'000;
// How old news of a file may be before it is seen: less than a glance, and 20 looks a second cost
// nothing.
inline constexpr std::int64_t kSourcePollUs = 50'000;
// Until a peer sends the next header, or a piece of a body, or takes a piece of an answer.
inline constexpr std::int64_t kIdleConnectionUs = 60'000'000;
// Until a handler answers, or gives the next piece of an answer: longer than a log or a store that
// will be back takes to be back.
inline constexpr std::int64_t kAnswerUs = 60'000'000;
// A body that did not move a piece for so long gives its bytes up where others want the room.
inline constexpr std::int64_t kStalledUs = 1'000'000;
// A member of a consumer group that is to release a partition writes a checkpoint first: some ten
// times what one takes. Past it the partition moves without.
inline constexpr std::int64_t kReleaseUs = 10'000'000;
inline constexpr std::int64_t kLingerUs = 2'000'000;  // a refused peer has to read the reason

}  // namespace telltale::limits

// Package snapshottest is a search cluster that exists only in memory: it
// speaks the part of OpenSearch's HTTP API that has to do with snapshots, and
// writes repositories with the real layout, the real framing of blobs and the
// real behaviour of the root file. Snapshots advance by counted steps, so that
// every moment of them can be looked at and repeated.
//
// It stands in for real servers where those are too slow, and never replaces
// them: what it answers is held against recorded answers of OpenSearch 3.6.0 in
// testdata. A restore reads documents back from the blobs alone, and fails where
// they are missing or altered. Only the standard library may be used, and no
// other package of this module but the coder of SMILE, which is held against
// real files: it must not share a mistake with what it tests.
package snapshottest

// Package acceptance holds the tests that run the built program as its users
// do, against the real servers. It has no code of its own.
package acceptance

package setup

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"archiver/internal/config"
)

// question is one answer: its flag, and how a person is asked for it.
type question struct {
	flag     string
	key      string // of the configuration, that the answer becomes
	text     string
	example  string
	required bool
	when     func(Answers) bool   // it is asked only then; nil: always
	standard func(Answers) string // what an empty answer means; nil: nothing
	get      func(*Answers) string
	set      func(*Answers, string)
}

// questions are all that are asked, in this order. Everything else is a flag, or
// is added to the file later.
func questions() []question {
	one := func(field func(*Answers) *string) (func(*Answers) string, func(*Answers, string)) {
		return func(a *Answers) string { return *field(a) }, func(a *Answers, s string) { *field(a) = s }
	}
	list := func(field func(*Answers) *[]string) (func(*Answers) string, func(*Answers, string)) {
		return func(a *Answers) string { return strings.Join(*field(a), ", ") },
			func(a *Answers, s string) { *field(a) = split(s) }
	}
	var all []question
	add := func(q question, get func(*Answers) string, set func(*Answers, string)) {
		q.get, q.set = get, set
		all = append(all, q)
	}
	get, set := one(func(a *Answers) *string { return &a.Stream })
	add(question{flag: "stream", key: "stream", text: "Name of the daily indices", example: "logdata", required: true}, get, set)
	get, set = list(func(a *Answers) *[]string { return &a.Indices })
	add(question{flag: "indices", key: "indices", text: "Pattern of their names",
		standard: func(a Answers) string { return a.Stream + "-{DDMMYYYY}" }}, get, set)
	get, set = list(func(a *Answers) *[]string { return &a.Cluster })
	add(question{flag: "cluster", key: "cluster.urls", text: "Address of the cluster", example: "https://search.example.org:9200", required: true}, get, set)
	get, set = one(func(a *Answers) *string { return &a.Username })
	add(question{flag: "username", key: "cluster.username", text: "User on the cluster, empty for no authentication"}, get, set)
	get, set = one(func(a *Answers) *string { return &a.Staging })
	add(question{flag: "staging", key: "staging.url", text: "Where the cluster puts its snapshots (a bucket of its own)", example: "s3://logs-staging/snapshots", required: true}, get, set)
	get, set = one(func(a *Answers) *string { return &a.Archive })
	add(question{flag: "archive", key: "archive.url", text: "Where archives are kept", example: "s3://logs-archive/prod", required: true}, get, set)
	get, set = one(func(a *Answers) *string { return &a.Region })
	add(question{flag: "region", key: "s3.region", text: "Region of the buckets, empty for the AWS default chain's", when: Answers.s3}, get, set)
	get, set = one(func(a *Answers) *string { return &a.Endpoint })
	add(question{flag: "endpoint", key: "s3.endpoint", text: "URL of the S3 server, empty for Amazon's", when: Answers.s3}, get, set)
	get, set = list(func(a *Answers) *[]string { return &a.Recipients })
	add(question{flag: "recipient", key: "encryption.recipients", text: "Files of the public keys that open archives", example: "ops.asc, escrow.asc", required: true}, get, set)
	get, set = one(func(a *Answers) *string { return &a.SigningKey })
	add(question{flag: "signing-key", key: "signing.key_file", text: "File of the private key that signs", example: "signer-private.asc", required: true}, get, set)
	return all
}

// split takes a list of answers apart.
func split(s string) (out []string) {
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}

// ErrNoAnswer: the input ended before all was answered.
var ErrNoAnswer = errors.New("no answer")

// Ask asks for every answer that is not there yet. given names the flags that
// were, even if empty. Errors: ErrNoAnswer.
func (a *Answers) Ask(in io.Reader, out io.Writer, given func(flag string) bool) error {
	lines := bufio.NewScanner(in)
	for _, q := range questions() {
		if q.get(a) != "" || given(q.flag) || q.when != nil && !q.when(*a) {
			continue
		}
		if err := a.ask(q, lines, out); err != nil {
			return err
		}
	}
	if a.Username != "" && a.PasswordFile == "" {
		return a.ask(question{
			text: "File of the cluster user's password (it is read at every run; empty: ARCHIVER_CLUSTER_PASSWORD)",
			set:  func(a *Answers, s string) { a.PasswordFile = s },
		}, lines, out)
	}
	return nil
}

// ask repeats a question until it is answered with what a run would take.
func (a *Answers) ask(q question, lines *bufio.Scanner, out io.Writer) error {
	standard := ""
	if q.standard != nil {
		standard = q.standard(*a)
	}
	prompt := q.text
	switch {
	case standard != "":
		prompt += " [" + standard + "]"
	case q.example != "":
		prompt += ", such as " + q.example
	}
	for {
		if _, err := fmt.Fprintf(out, "%s: ", prompt); err != nil {
			return err
		}
		if !lines.Scan() {
			return fmt.Errorf("%w to %q", errors.Join(ErrNoAnswer, lines.Err()), q.text)
		}
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			text = standard
		}
		if text == "" && q.required {
			continue
		}
		answered := *a
		q.set(&answered, text)
		wrong := answered.wrong(q.key)
		if wrong == "" {
			*a = answered
			return nil
		}
		if _, err := fmt.Fprintf(out, "  %s\n", wrong); err != nil {
			return err
		}
	}
}

// wrong says what is wrong with one key of the configuration that the answers
// make so far; "" is nothing.
func (a Answers) wrong(key string) string {
	var problems config.Problems
	if !errors.As(a.Check(""), &problems) {
		return ""
	}
	for _, p := range problems {
		if p.Key == key || strings.HasPrefix(p.Key, key+"[") {
			p.Key, p.Origin = "", ""                                   // the question has just named it
			inTheFile := regexp.MustCompile(` \(archiver\.yaml:\d+\)`) // where another key stands; it is not written yet
			return inTheFile.ReplaceAllString(p.Error(), "")
		}
	}
	return ""
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"archiver/internal/setup"
)

// initFlags are what init is told beside the answers.
type initFlags struct {
	output   string
	testKeys string
	yes      bool
}

func initCommand(g *global) *cobra.Command {
	var a setup.Answers
	var f initFlags
	c := &cobra.Command{
		Use:   "init",
		Short: "Write a first configuration",
		Long: `Write a first configuration file, with comments on what most want next. On a
terminal it asks for what no flag gave; elsewhere, and with --yes, it takes flags
alone. It never overwrites a file, and connects to nothing: archiver check does.

With --test-keys DIR it makes a throw-away recipient and signer there, without
passphrases, to try everything out. They protect nothing.`,
		Example: `  archiver init
  archiver init --test-keys keys --stream logdata --cluster http://127.0.0.1:9200 \
    --staging s3://logs-staging/snapshots --archive s3://logs-archive/prod \
    --region us-east-1 --endpoint http://127.0.0.1:9000`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.output == "" {
				f.output = g.config
			}
			if f.output == "" {
				f.output = "archiver.yaml"
			}
			return initialise(c, a, f)
		},
	}
	flags := c.Flags()
	flags.StringVarP(&f.output, "output", "o", "", "file to write (default: --config, else archiver.yaml)")
	flags.StringVar(&f.testKeys, "test-keys", "", "make throw-away keys in this folder, and use them")
	flags.BoolVar(&f.yes, "yes", false, "ask nothing; leave out what was not given")
	flags.StringVar(&a.Stream, "stream", "", "name of the series of daily indices, such as logdata")
	flags.StringArrayVar(&a.Indices, "indices", nil, "pattern of index names (default: <stream>-{DDMMYYYY}); may be repeated")
	flags.StringVar(&a.Timezone, "timezone", "", "whose days they are, such as Europe/Berlin (default: UTC)")
	flags.StringArrayVar(&a.Cluster, "cluster", nil, "address of the cluster; may be repeated")
	flags.StringVar(&a.Username, "username", "", "user on the cluster")
	flags.StringVar(&a.PasswordFile, "password-file", "", "file of the password of --username")
	flags.StringVar(&a.Staging, "staging", "", "where the cluster puts its snapshots, such as s3://logs-staging/snapshots")
	flags.StringVar(&a.Archive, "archive", "", "where archives are kept, such as s3://logs-archive/prod")
	flags.StringVar(&a.Region, "region", "", "AWS region of the buckets")
	flags.StringVar(&a.Endpoint, "endpoint", "", "URL of an S3-compatible server, such as http://127.0.0.1:9000 (default: Amazon's)")
	flags.BoolVar(&a.PathStyle, "path-style", false, "the bucket goes into the path of the URL, as most servers that are not Amazon's want it (default: true with an endpoint)")
	flags.StringArrayVar(&a.Recipients, "recipient", nil, "file of a public key that opens archives; may be repeated")
	flags.StringVar(&a.SigningKey, "signing-key", "", "file of the private key that signs")
	flags.StringVar(&a.PassphraseFile, "passphrase-file", "", "file of the passphrase of --signing-key")
	return c
}

func initialise(c *cobra.Command, a setup.Answers, f initFlags) error {
	out := c.OutOrStdout()
	if _, err := os.Lstat(f.output); err == nil {
		return usageError{fmt.Errorf("%s %w: name another file with --output, or remove it", f.output, setup.ErrExists)}
	}
	if f.testKeys != "" {
		if len(a.Recipients) > 0 || a.SigningKey != "" {
			return usageError{errors.New("--test-keys makes a recipient and a signing key: leave out --recipient and --signing-key, or --test-keys")}
		}
		names := setup.TestKeyFiles(f.testKeys)
		a.Recipients, a.SigningKey, a.Opening = []string{names.Recipient}, names.SignerPrivate, names.RecipientPrivate
	}
	if in, ok := c.InOrStdin().(*os.File); ok && !f.yes && term.IsTerminal(int(in.Fd())) {
		if err := a.Ask(in, c.ErrOrStderr(), c.Flags().Changed); err != nil {
			return usageError{err}
		}
	}
	if a.Endpoint != "" && !c.Flags().Changed("path-style") {
		a.PathStyle = true
	}
	if missing := a.Missing(); len(missing) > 0 {
		return usageError{fmt.Errorf("not given: %s (on a terminal, and without --yes, they are asked for; --test-keys makes keys to try it with)", strings.Join(missing, ", "))}
	}
	a, err := a.Beside(f.output)
	if err != nil {
		return err
	}
	if err := a.Check(f.output); err != nil {
		return usageError{err}
	}
	if f.testKeys != "" {
		if err := makeTestKeys(out, f.testKeys); errors.Is(err, setup.ErrExists) {
			return usageError{fmt.Errorf("%w: remove it, name another folder, or use the keys that are there with --recipient %s --signing-key %s",
				err, a.Recipients[0], a.SigningKey)}
		} else if err != nil {
			return usageError{err}
		}
	}
	if err := a.Write(f.output); err != nil {
		return usageError{err}
	}
	return sayNext(out, f.output)
}

func makeTestKeys(out io.Writer, dir string) error {
	k, err := setup.MakeTestKeys(dir, time.Now())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, `Throw-away keys, without passphrases, that protect nothing:
  %s          archives are encrypted to it
  %s  opens them
  %s             verifies the ledger
  %s     signs it

Before anything real is archived, replace them:
  - two recipients, one for operations and one for escrow, each made by its owner
    on a machine that is not this one (gpg --full-generate-key); only the public
    halves come here (gpg --armor --export), and the private halves never do;
  - a signing key under a passphrase, whose public half you also keep elsewhere:
    it tells in years that nobody else wrote the ledger.

`, k.Recipient, k.RecipientPrivate, k.Signer, k.SignerPrivate)
	return err
}

// sayNext tells what to do with the file.
func sayNext(out io.Writer, file string) error {
	flag := ""
	if file != "archiver.yaml" {
		flag = " --config " + file
	}
	_, err := fmt.Fprintf(out, `%s is written. Next:
  archiver check%s     proves each thing that a run needs
  archiver run%s       archives yesterday; run it every day
`, file, flag, flag)
	return err
}

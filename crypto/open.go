package crypto

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Why a message does not open. None of them goes away by trying again with the
// same bytes and keys.
var (
	// ErrNoKey: none of the private keys at hand opens it. That says nothing
	// about the message's integrity.
	ErrNoKey error = &fault{"no key", "no private key at hand opens the message"}
	// ErrMessage: it is not a whole message in the archive's form.
	ErrMessage = errors.New("not a whole encrypted message")
)

// Opener opens messages with any of some private keys. It is safe for
// concurrent use.
type Opener struct {
	keys []*Private
}

// NewOpener wants at least one key, and no key twice.
func NewOpener(keys []*Private) (*Opener, error) {
	if len(keys) == 0 {
		return nil, errors.New("no private keys: nothing could be opened")
	}
	given := map[string]string{}
	var problems []error
	for _, k := range keys {
		if first, twice := given[k.fingerprint]; twice {
			problems = append(problems, fmt.Errorf("private key %s: was given as %s already", k, first))
		}
		given[k.fingerprint] = k.name
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return &Opener{keys: keys}, nil
}

// Fingerprints of the primary keys, in upper-case hex, in the order in which
// they were given.
func (o *Opener) Fingerprints() []string {
	var all []string
	for _, k := range o.keys {
		all = append(all, k.fingerprint)
	}
	return all
}

// Open reads a message's beginning and returns its plaintext. Only one form is
// taken, the one that Seal writes: session keys for public keys, then AES-256
// with a modification detection code, and in it one binary literal packet
// without a name. How packets' lengths are written, and the literal's date, is
// left open.
//
// The plaintext may be used only once the reader has said io.EOF: then the
// message's end was reached, its modification detection code is right, and
// nothing follows. What was read before that is unproven, and may be anything.
// Every other end is ErrMessage or, at once, ErrNoKey; but if reading the
// message itself failed, that failure is returned, and neither of the two.
//
// It holds a constant amount of memory.
func (o *Opener) Open(message io.Reader) (io.Reader, error) {
	from := &source{r: message}
	p := &plaintext{from: from, outer: bufio.NewReaderSize(from, bufferBytes)}
	if err := p.begin(o); err != nil {
		return nil, from.explain(err)
	}
	return p, nil
}

// bufferBytes is the size of either buffer: before decryption and after it. The
// library's reader of encrypted data must be given room for more than 22 bytes:
// it takes any failure for the data's end where it has less.
const bufferBytes = 64 << 10

// plaintext reads the literal packet of a message.
type plaintext struct {
	from    *source
	outer   *bufio.Reader // the message
	mdc     io.ReadCloser // what is in its encrypted packet; Close checks the code
	inner   *bufio.Reader // of mdc
	literal *body
	err     error
}

func (p *plaintext) Read(buf []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.literal.Read(buf)
	if err == io.EOF {
		err = p.end()
	}
	if err != nil && err != io.EOF {
		err = p.from.explain(err)
	}
	p.err = err
	return n, err
}

// begin reads up to the literal packet's content.
func (p *plaintext) begin(o *Opener) error {
	key, encrypted, err := o.sessionKey(p.outer)
	if err != nil {
		return err
	}
	defer clear(key)
	version, err := onlyByte(encrypted)
	if err != nil {
		return err
	}
	if version != 1 {
		return fmt.Errorf("its encrypted data is of version %d, not 1", version)
	}
	data := packet.SymmetricallyEncrypted{Version: 1, IntegrityProtected: true, Contents: encrypted}
	if p.mdc, err = data.Decrypt(packet.CipherAES256, key); err != nil {
		return fmt.Errorf("its encrypted data: %w", cut(err))
	}
	p.inner = bufio.NewReaderSize(p.mdc, bufferBytes)
	p.literal, err = literal(p.inner)
	return err
}

// literal reads a literal packet up to its content.
func literal(r *bufio.Reader) (*body, error) {
	tag, b, err := nextPacket(r)
	if err != nil {
		return nil, fmt.Errorf("its decrypted data: %w", cut(err))
	}
	if tag != tagLiteral {
		return nil, fmt.Errorf("a packet of type %d where the literal data should be", tag)
	}
	var fields [1 + 1 + 4]byte // format, length of the name, date
	if _, err := io.ReadFull(b, fields[:]); err != nil {
		return nil, cut(err)
	}
	if fields[0] != 'b' {
		return nil, fmt.Errorf("its literal data is of format %q, not binary", fields[0])
	}
	if fields[1] != 0 {
		return nil, errors.New("its literal data has a name")
	}
	return b, nil
}

// end proves the message's end, once the literal packet was read: io.EOF.
func (p *plaintext) end() error {
	switch _, err := p.inner.ReadByte(); {
	case err == nil:
		return errors.New("something follows its literal data")
	case err != io.EOF:
		return err
	}
	if err := p.mdc.Close(); err != nil {
		return errors.New("its modification detection code is wrong")
	}
	_, err := p.outer.ReadByte()
	if err == nil {
		return errors.New("something follows its encrypted data")
	}
	return err
}

func onlyByte(r io.Reader) (byte, error) {
	var b [1]byte
	_, err := io.ReadFull(r, b[:])
	return b[0], cut(err)
}

// source keeps the failure of the reader below, so that a message that could
// not be read is not taken for one that is damaged.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// explain says what an error means to the caller.
func (s *source) explain(err error) error {
	switch {
	case s.err != nil:
		return fmt.Errorf("reading the encrypted message: %w", s.err)
	case errors.Is(err, ErrNoKey):
		return err
	}
	return fmt.Errorf("%w: %w", ErrMessage, err)
}

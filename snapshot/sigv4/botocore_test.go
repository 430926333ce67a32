package sigv4_test

import (
	"encoding/json"
	"strings"
	"testing"

	"archiver/internal/lab"
	"archiver/snapshot/sigv4"
)

func TestMain(m *testing.M) { lab.Main(m) }

// sign has botocore sign requests as it would for the service, at their time,
// over the same headers.
const sign = `
import json, sys
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

class Then(SigV4Auth):
    def add_auth(self, request):
        request.context["timestamp"] = request.headers["X-Amz-Date"]
        canonical = self.canonical_request(request)
        return self.signature(self.string_to_sign(request, canonical), request)

for r in json.load(sys.stdin):
    request = AWSRequest(method=r["method"], url="https://" + r["host"] + r["target"], headers=r["header"], data=r["body"].encode())
    print(Then(Credentials("AKIDEXAMPLE", "secret/+=", "token"), "es", r["region"]).add_auth(request))
`

func TestBotocoreMakesTheSameSignatures(t *testing.T) {
	d := newDomain(t)
	d.tokens["AKIDEXAMPLE"] = "token"
	c := connect(t, sigv4.New(region, static("token")).Authorize, d.URL+"/prefix")
	for _, name := range oddNames {
		everyCall(t.Context(), c, name)
	}
	type plain struct {
		Method string            `json:"method"`
		Host   string            `json:"host"`
		Target string            `json:"target"`
		Header map[string]string `json:"header"`
		Body   string            `json:"body"`
		Region string            `json:"region"`
	}
	var requests []plain
	var want []string
	for _, r := range d.requests {
		_, fields, _ := strings.Cut(r.header.Get("Authorization"), "SignedHeaders=")
		signed, signature, _ := strings.Cut(fields, ", Signature=")
		p := plain{r.method, r.host, r.target, map[string]string{}, r.body, region}
		for _, name := range strings.Split(signed, ";") {
			if name != "host" {
				p.Header[name] = r.header.Get(name)
			}
		}
		requests, want = append(requests, p), append(want, signature)
	}
	stdin, err := json.Marshal(requests)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(lab.Python(t, sign, string(stdin)))
	if len(got) != len(want) || len(want) == 0 {
		t.Fatalf("botocore made %d signatures of %d requests", len(got), len(want))
	}
	for i, r := range requests {
		if got[i] != want[i] {
			t.Errorf("%s %s: botocore's signature is another", r.Method, r.Target)
		}
	}
}

//go:build tools

// Package tools pins h2spec, the judge of HTTP/2 framing.
package tools

import _ "github.com/summerwind/h2spec/cmd/h2spec"

// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"io"

	"github.com/go-logr/logr"
	"go.uber.org/zap/zapcore"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// Logger returns the logger that the flags ask for. Verbosity n is zap's level -n.
func (o Options) Logger(w io.Writer) logr.Logger {
	level := zapcore.Level(-min(max(o.LogLevel, 0), highestLogLevel))
	encoder := zap.JSONEncoder(func(c *zapcore.EncoderConfig) { c.EncodeTime = zapcore.ISO8601TimeEncoder })
	if o.LogFormat == "console" {
		encoder = zap.ConsoleEncoder(func(c *zapcore.EncoderConfig) { c.EncodeTime = zapcore.ISO8601TimeEncoder })
	}
	// An error says what was being done. The stack of the place that logs it is always the same, and ten times as long.
	return zap.New(zap.WriteTo(w), zap.Level(level), zap.StacktraceLevel(zapcore.DPanicLevel), encoder)
}

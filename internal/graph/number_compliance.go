// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"bytes"
	"context"
	"encoding/pem"
	"net/url"
	"strings"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

const (
	edgeEncryption = "/whatsapp_business_encryption"
	edgeCompliance = "/business_compliance_info"
)

// Encryption is the key with which flows encrypt what people enter.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-phone-number/business-encryption-api
type Encryption struct {
	// PublicKey is PEM; "" = none.
	PublicKey string
	// SignatureStatus is VALID or MISMATCH. After MISMATCH, and after a registration, the key must be set again.
	SignatureStatus string
}

// ReadEncryption reads the public key of a number.
func (c *Client) ReadEncryption(ctx context.Context, id string) (*Encryption, error) {
	var encryption *Encryption
	err := c.readEdge(ctx, OpReadEncryption, id, edgeEncryption, func(n lenient.Node) (err error) {
		encryption, err = encryptionFrom(n)
		return err
	})
	return encryption, err
}

// SetEncryption sets the public key of a number, RSA of 2048 bits as PEM. Anything but public keys is refused here, so that
// a private key given by mistake does not leave the machine.
func (c *Client) SetEncryption(ctx context.Context, id, publicKey string) error {
	if err := checkIDs(OpUpdateEncryption, id); err != nil {
		return err
	}
	key := strings.TrimSpace(publicKey)
	block, rest := pem.Decode([]byte(key))
	if block == nil || !strings.HasSuffix(block.Type, "PUBLIC KEY") || len(bytes.TrimSpace(rest)) > 0 || !strings.HasPrefix(key, "-----BEGIN") {
		return invalid(OpUpdateEncryption, "the key must be one public key as PEM")
	}
	r := c.form(OpUpdateEncryption, "/"+id+edgeEncryption, url.Values{"business_public_key": {key}})
	return c.do(ctx, r, checkConfirmed)
}

// Compliance is what Indian law wants to know about a business.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-phone-number/
type Compliance struct {
	// EntityName is 2 to 128 characters.
	EntityName string
	// EntityType is LIMITED_LIABILITY_PARTNERSHIP, SOLE_PROPRIETORSHIP, PARTNERSHIP, PUBLIC_COMPANY, PRIVATE_COMPANY or
	// OTHER, and so it is also in answers, in which Meta writes it for people.
	EntityType string
	// EntityTypeCustom is for OTHER alone.
	EntityTypeCustom string
	// Registered is for OTHER and PARTNERSHIP alone; nil = not reported, or not sent.
	Registered       *bool
	GrievanceOfficer *ComplianceContact
	CustomerCare     *ComplianceContact
}

// ComplianceContact is whom to turn to; customer care has no Name. Empty fields are not sent.
type ComplianceContact struct {
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
	Landline string `json:"landline_number,omitempty"`
	Mobile   string `json:"mobile_number,omitempty"`
}

// ReadCompliance reads the compliance information of a number. Where there is none, its fields are empty.
func (c *Client) ReadCompliance(ctx context.Context, id string) (*Compliance, error) {
	var compliance *Compliance
	err := c.readEdge(ctx, OpReadCompliance, id, edgeCompliance, func(n lenient.Node) (err error) {
		compliance, err = complianceFrom(n)
		return err
	})
	return compliance, err
}

// SetCompliance sets the compliance information of a number. What is empty is not sent.
func (c *Client) SetCompliance(ctx context.Context, id string, info Compliance) error {
	if info.EntityName == "" || info.EntityType == "" {
		return invalid(OpUpdateCompliance, "the name or type of the entity is empty")
	}
	return c.sendJSON(ctx, OpUpdateCompliance, id, edgeCompliance, wireCompliance{
		Product: product, EntityName: info.EntityName, EntityType: info.EntityType, EntityTypeCustom: info.EntityTypeCustom,
		Registered: info.Registered, GrievanceOfficer: info.GrievanceOfficer, CustomerCare: info.CustomerCare,
	})
}

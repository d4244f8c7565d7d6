package ratelimit

import (
	"crypto/sha256"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// longSource is the longest source that is remembered as it is; of a longer one it's the hash.
const longSource = 64

// What a source is taken from.
const (
	byAddress = iota
	byConsumer
	byHeader
	byHost
	bySubnet
	byDepth
	byExclusion
)

// source tells who a request is from. The interpreter can't hold functions as values reliably, so
// it's a kind and not a function.
type source struct {
	kind     int
	header   string
	depth    int
	subnet   int
	excluded []netip.Prefix
}

func newSource(criterion *SourceCriterion) (*source, error) {
	if criterion == nil {
		return &source{kind: byAddress}, nil
	}
	if err := checkCriterion(criterion); err != nil {
		return nil, err
	}
	switch {
	case criterion.Consumer:
		return &source{kind: byConsumer, header: "X-Consumer-Id"}, nil
	case criterion.RequestHost:
		return &source{kind: byHost}, nil
	case criterion.RequestHeaderName != "":
		return &source{kind: byHeader, header: criterion.RequestHeaderName}, nil
	case criterion.IPStrategy != nil:
		return newIPSource(criterion.IPStrategy)
	}
	return &source{kind: byAddress}, nil
}

// of answers the source of a request.
func (s *source) of(req *http.Request) string { return short(s.long(req)) }

func (s *source) long(req *http.Request) string {
	switch s.kind {
	case byHeader:
		return req.Header.Get(s.header)
	case byConsumer:
		// Without a key it's the address, which holds a dot or a colon as no id does.
		if id := req.Header.Get(s.header); id != "" {
			return id
		}
	case byHost:
		return strings.ToLower(req.Host)
	case byDepth:
		return inSubnet(atDepth(req.Header.Get("X-Forwarded-For"), s.depth), s.subnet)
	case byExclusion:
		return firstOutside(req.Header.Get("X-Forwarded-For"), s.excluded)
	}
	address, _, err := net.SplitHostPort(req.RemoteAddr)
	if err != nil {
		return req.RemoteAddr
	}
	return inSubnet(address, s.subnet)
}

func checkCriterion(criterion *SourceCriterion) error {
	given := []string{}
	if criterion.IPStrategy != nil {
		given = append(given, "ipStrategy")
	}
	if criterion.RequestHeaderName != "" {
		given = append(given, "requestHeaderName")
	}
	if criterion.RequestHost {
		given = append(given, "requestHost")
	}
	if criterion.Consumer {
		given = append(given, "consumer")
	}
	if len(given) > 1 {
		return fmt.Errorf("sourceCriterion: one of %s, not all of them", strings.Join(given, " and "))
	}
	if strings.ContainsAny(criterion.RequestHeaderName, " \t\r\n:") {
		return fmt.Errorf("sourceCriterion.requestHeaderName: %q is no name of a header", criterion.RequestHeaderName)
	}
	return nil
}

// short bounds what a source takes in memory.
func short(source string) string {
	if len(source) <= longSource {
		return strings.Clone(source) // It may be a part of a long header, and would keep all of that.
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(source)))
}

// newIPSource answers what Traefik's ipStrategy does.
func newIPSource(strategy *IPStrategy) (*source, error) {
	made := &source{kind: byAddress, depth: strategy.Depth, subnet: strategy.IPv6Subnet}
	if made.depth < 0 {
		return nil, fmt.Errorf("sourceCriterion.ipStrategy.depth: %d is below 0", made.depth)
	}
	if made.subnet < 0 || made.subnet > 128 {
		return nil, fmt.Errorf("sourceCriterion.ipStrategy.ipv6Subnet: %d is not from 1 to 128", made.subnet)
	}
	excluded, err := newNetworks(strategy.ExcludedIPs)
	if err != nil {
		return nil, err
	}
	made.excluded = excluded
	switch {
	case made.depth > 0:
		made.kind = byDepth
	case len(excluded) > 0:
		made.kind = byExclusion
	case made.subnet > 0:
		made.kind = bySubnet
	}
	return made, nil
}

func newNetworks(texts []string) ([]netip.Prefix, error) {
	networks := []netip.Prefix{}
	for _, text := range texts {
		if address, err := netip.ParseAddr(text); err == nil {
			networks = append(networks, netip.PrefixFrom(address, address.BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("sourceCriterion.ipStrategy.excludedIPs: %q is no address and no network", text)
		}
		networks = append(networks, network.Masked())
	}
	return networks, nil
}

// atDepth answers an address of X-Forwarded-For, counted from the right, or nothing.
func atDepth(forwarded string, depth int) string {
	addresses := strings.Split(forwarded, ",")
	if len(addresses) < depth {
		return ""
	}
	return strings.TrimSpace(addresses[len(addresses)-depth])
}

// firstOutside answers the address of X-Forwarded-For that is furthest to the right and in none of
// the networks, or nothing.
func firstOutside(forwarded string, networks []netip.Prefix) string {
	addresses := strings.Split(forwarded, ",")
	for place := len(addresses) - 1; place >= 0; place-- {
		text := strings.TrimSpace(addresses[place])
		if text != "" && !isInside(text, networks) {
			return text
		}
	}
	return ""
}

func isInside(text string, networks []netip.Prefix) bool {
	address, err := netip.ParseAddr(text)
	if err != nil {
		return false
	}
	for _, network := range networks {
		if network.Contains(address.Unmap()) {
			return true
		}
	}
	return false
}

// inSubnet answers the first address of an IPv6 address's network, and any other text as it is.
func inSubnet(text string, bits int) string {
	address, err := netip.ParseAddr(text)
	if err != nil || bits == 0 || !address.Is6() {
		return text
	}
	network, err := address.Prefix(bits)
	if err != nil {
		return text
	}
	return network.Addr().String()
}

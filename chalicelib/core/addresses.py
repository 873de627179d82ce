"""Which web addresses may be called at all: plainly written ones, whose host lies in the open internet.

What two readers could understand differently is refused, not guessed: one of them may check it, and the other call it.
"""

from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443}
"""The schemes that there are, and their ports."""
ESCAPES = {
    "::/96": "IPv4-compatible",
    "::ffff:0:0/96": "IPv4-mapped",
    "64:ff9b::/96": "NAT64",
    "64:ff9b:1::/48": "NAT64 inside a network",
    "2001::/23": "Teredo, ORCHID and other protocols",
    "2002::/16": "6to4",
    "3fff::/20": "documentation, RFC 9637",
    "fec0::/10": "site-local, before unique-local",
    "168.63.129.16/32": "the host of every virtual machine of Azure",
    "192.0.0.0/24": "protocols, and the metadata of Oracle Cloud",
    "192.88.99.0/24": "6to4 relays",
}
"""Networks that Python 3.11 takes for global, or that lead to other addresses.

https://www.iana.org/assignments/iana-ipv6-special-registry, and
https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16, both read 2026-11-22.
"""
NETWORKS = tuple(ip_network(network) for network in ESCAPES)
GLOBAL_UNICAST = ip_network("2000::/3")
"""All that IANA has given out of IPv6: https://www.iana.org/assignments/ipv6-address-space, read 2026-11-22."""
DOTS = "\u3002\uff0e\uff61"
"""What IDNA reads as a full stop (RFC 3490, section 3.1)."""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open internet, directly and not through a tunnel."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address) and ip not in GLOBAL_UNICAST:
        return False
    escapes = any(ip in network for network in NETWORKS if network.version == ip.version)
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or escapes)


def host_of(url: str) -> str:
    """The host of a web address; ValueError, which quotes nothing, where it is none or not plainly written."""
    if any(letter <= " " or letter in "\\\x7f" for letter in url):
        raise ValueError("not a web address: it holds blanks, control characters or backslashes")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("not a web address") from None
    if parts.scheme not in PORTS or not host:
        raise ValueError("not an http or https address")
    if "@" in parts.netloc:
        raise ValueError("not a plain web address: it names a user")
    _check_plain(host)
    return host


def _check_plain(host: str) -> None:
    """ValueError for a host that is an address in disguise, or would be to some readers."""
    if "%" in host or any(dot in host for dot in DOTS):
        raise ValueError("not a plain host: it holds a zone, an escape or a foreign full stop")
    if ":" in host or not _ends_in_a_number(host):
        return
    try:
        ip_address(host)
    except ValueError:
        raise ValueError("not a plain host: a number that is no dotted IPv4 address") from None


def _ends_in_a_number(host: str) -> bool:
    """What browsers take for an IPv4 address (https://url.spec.whatwg.org/#ends-in-a-number-checker), in any digits."""
    last = host.removesuffix(".").rpartition(".")[2]
    return last.isnumeric() or last.startswith("0x")

"""Countries: ISO 3166-1 codes in any case, words for everywhere, and English names in statements."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import Final

GLOBAL: Final = "global"

# Alpha-2 and alpha-3 of ISO 3166-1, and Kosovo, which has a code in use but not in the standard.
_CODES: Final = """
ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA AZAZE
BABIH BBBRB BDBGD BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES BRBRA BSBHS
BTBTN BVBVT BWBWA BYBLR BZBLZ CACAN CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN
COCOL CRCRI CUCUB CVCPV CWCUW CXCXR CYCYP CZCZE DEDEU DJDJI DKDNK DMDMA DODOM DZDZA ECECU EEEST
EGEGY EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA GAGAB GBGBR GDGRD GEGEO GFGUF
GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS GTGTM GUGUM GWGNB GYGUY HKHKG HMHMD
HNHND HRHRV HTHTI HUHUN IDIDN IEIRL ILISR IMIMN ININD IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM
JOJOR JPJPN KEKEN KGKGZ KHKHM KIKIR KMCOM KNKNA KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA
LILIE LKLKA LRLBR LSLSO LTLTU LULUX LVLVA LYLBY MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD
MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ MRMRT MSMSR MTMLT MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM
NCNCL NENER NFNFK NGNGA NINIC NLNLD NONOR NPNPL NRNRU NUNIU NZNZL OMOMN PAPAN PEPER PFPYF PGPNG
PHPHL PKPAK PLPOL PMSPM PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB RURUS RWRWA
SASAU SBSLB SCSYC SDSDN SESWE SGSGP SHSHN SISVN SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD
STSTP SVSLV SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL TLTLS TMTKM TNTUN TOTON
TRTUR TTTTO TVTUV TWTWN TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB VAVAT VCVCT VEVEN VGVGB VIVIR
VNVNM VUVUT WFWLF WSWSM YEYEM YTMYT ZAZAF ZMZMB ZWZWE XKXKX
"""
_EVERYWHERE: Final = frozenset({"global", "worldwide", "world", "ww"})
_ALIASES: Final = {"UK": "GB", "EL": "GR"}
_ALPHA2: Final = {pair[:2]: pair[:2] for pair in _CODES.split()}
_ALPHA3: Final = {pair[2:]: pair[:2] for pair in _CODES.split()}
_KNOWN: Final = _ALPHA2 | _ALPHA3 | _ALIASES


def read_country(text: str) -> str | None:
    """Alpha-2 in capitals, "global", or None where the text is no country code.

    Alpha-3 becomes alpha-2, UK becomes GB. Names of countries are not codes.
    """
    if text.casefold() in _EVERYWHERE:
        return GLOBAL
    return _KNOWN.get(text.upper())


# As statements write them beside the names of the tz database.
_WRITTEN: Final = {
    "united states of america": "US", "united kingdom": "GB", "great britain": "GB", "south korea": "KR",
    "korea, republic of": "KR", "republic of korea": "KR", "north korea": "KP", "czechia": "CZ",
    "russian federation": "RU", "viet nam": "VN", "turkiye": "TR", "türkiye": "TR", "holland": "NL",
    "the netherlands": "NL", "ivory coast": "CI", "cote d'ivoire": "CI", "macedonia": "MK", "moldova, republic of": "MD",
    "republic of moldova": "MD", "hong kong sar": "HK", "macao": "MO", "macau": "MO", "taiwan, province of china": "TW",
    "iran, islamic republic of": "IR", "bolivia, plurinational state of": "BO", "tanzania, united republic of": "TZ",
    "venezuela, bolivarian republic of": "VE", "brunei darussalam": "BN", "lao people's democratic republic": "LA",
    "syrian arab republic": "SY", "palestinian territory": "PS", "palestine, state of": "PS", "kosovo": "XK",
    "american samoa": "AS", "samoa": "WS",
    "congo": "CG", "democratic republic of the congo": "CD", "republic of the congo": "CG", "britain": "GB",
    "virgin islands, u.s.": "VI", "u.s. virgin islands": "VI", "virgin islands, british": "VG",
    "british virgin islands": "VG", "cabo verde": "CV", "swaziland": "SZ", "burma": "MM", "libyan arab jamahiriya": "LY", "reunion": "RE",
    "vatican city": "VA", "congo, democratic republic of the": "CD", "curacao": "CW",
}  # fmt: skip


def read_country_name(text: str) -> str | None:
    """Alpha-2 of a code or an English name, "global", or None where it is neither (OU, "Rest of world")."""
    return read_country(text) or _read_names().get(_fold(text))


@cache
def _read_names() -> dict[str, str]:
    """Folded name to code: the list of the tz database (iso3166.tab), with "and" as "&" and without brackets."""
    table = files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    counts = Counter(_fold(name) for _, name in rows)  # two Congos are none, without their brackets
    known = {_fold(name): code for code, name in rows if counts[_fold(name)] == 1}
    return known | {_fold(name): code for name, code in _WRITTEN.items()}


def _fold(name: str) -> str:
    plain = re.sub(r"\([^)]*\)", " ", name.casefold()).replace(" and ", " & ")
    return " ".join(plain.replace("saint ", "st ").replace("st. ", "st ").split())

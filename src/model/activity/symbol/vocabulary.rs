//! Codes of operators and built-in types in the Itanium C++ ABI, section 5.1.

/// What follows an operator's code in an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operands {
    /// One expression, the operator before it.
    Prefix,
    /// One expression, the operator behind it.
    Postfix,
    Two,
    Three,
    New,
    /// A function and its arguments up to an `E`.
    Call,
    /// A type and one or more expressions: `(type)x`.
    Cast,
    /// A type and an expression: `static_cast<type>(x)`.
    NamedCast,
    OfType,
    OfExpression,
    /// None: a function's name only.
    Name,
}

pub(super) struct Operator {
    code: [u8; 2],
    pub operands: Operands,
    /// Without "operator".
    pub text: &'static str,
}

impl Operator {
    pub(super) fn of(code: [u8; 2]) -> Option<&'static Self> {
        OPERATORS.iter().find(|operator| operator.code == code)
    }

    /// Whether a function can have it as its name.
    pub(super) fn is_name(&self) -> bool {
        use Operands::{NamedCast, OfExpression, OfType};
        !matches!(self.operands, NamedCast | OfType | OfExpression) && !matches!(&self.code, b"ds" | b"dt")
    }
}

const fn operator(code: &[u8; 2], operands: Operands, text: &'static str) -> Operator {
    Operator { code: *code, operands, text }
}

static OPERATORS: [Operator; 63] = {
    use Operands::{Call, Cast, Name, NamedCast, New, OfExpression, OfType, Postfix, Prefix, Three, Two};
    [
        operator(b"aN", Two, "&="),
        operator(b"aS", Two, "="),
        operator(b"aa", Two, "&&"),
        operator(b"ad", Prefix, "&"),
        operator(b"an", Two, "&"),
        operator(b"at", OfType, "alignof "),
        operator(b"aw", Name, " co_await"),
        operator(b"az", OfExpression, "alignof "),
        operator(b"cc", NamedCast, "const_cast"),
        operator(b"cl", Call, "()"),
        operator(b"cm", Two, ","),
        operator(b"co", Prefix, "~"),
        operator(b"cp", Call, "()"),
        operator(b"cv", Cast, ""),
        operator(b"dV", Two, "/="),
        operator(b"da", Prefix, " delete[]"),
        operator(b"dc", NamedCast, "dynamic_cast"),
        operator(b"de", Prefix, "*"),
        operator(b"dl", Prefix, " delete"),
        operator(b"ds", Two, ".*"),
        operator(b"dt", Two, "."),
        operator(b"dv", Two, "/"),
        operator(b"eO", Two, "^="),
        operator(b"eo", Two, "^"),
        operator(b"eq", Two, "=="),
        operator(b"ge", Two, ">="),
        operator(b"gt", Two, ">"),
        operator(b"ix", Two, "[]"),
        operator(b"lS", Two, "<<="),
        operator(b"le", Two, "<="),
        operator(b"ls", Two, "<<"),
        operator(b"lt", Two, "<"),
        operator(b"mI", Two, "-="),
        operator(b"mL", Two, "*="),
        operator(b"mi", Two, "-"),
        operator(b"ml", Two, "*"),
        operator(b"mm", Postfix, "--"),
        operator(b"na", New, " new[]"),
        operator(b"ne", Two, "!="),
        operator(b"ng", Prefix, "-"),
        operator(b"nt", Prefix, "!"),
        operator(b"nw", New, " new"),
        operator(b"oR", Two, "|="),
        operator(b"oo", Two, "||"),
        operator(b"or", Two, "|"),
        operator(b"pL", Two, "+="),
        operator(b"pl", Two, "+"),
        operator(b"pm", Two, "->*"),
        operator(b"pp", Postfix, "++"),
        operator(b"ps", Prefix, "+"),
        operator(b"pt", Two, "->"),
        operator(b"qu", Three, "?"),
        operator(b"rM", Two, "%="),
        operator(b"rS", Two, ">>="),
        operator(b"rc", NamedCast, "reinterpret_cast"),
        operator(b"rm", Two, "%"),
        operator(b"rs", Two, ">>"),
        operator(b"sc", NamedCast, "static_cast"),
        operator(b"ss", Two, "<=>"),
        operator(b"st", OfType, "sizeof "),
        operator(b"sz", OfExpression, "sizeof "),
        operator(b"te", OfExpression, "typeid "),
        operator(b"ti", OfType, "typeid "),
    ]
};

/// Built-in types of one letter.
pub(super) fn builtin(code: u8) -> Option<&'static str> {
    Some(match code {
        b'v' => "void",
        b'w' => "wchar_t",
        b'b' => "bool",
        b'c' => "char",
        b'a' => "signed char",
        b'h' => "unsigned char",
        b's' => "short",
        b't' => "unsigned short",
        b'i' => "int",
        b'j' => "unsigned int",
        b'l' => "long",
        b'm' => "unsigned long",
        b'x' => "long long",
        b'y' => "unsigned long long",
        b'n' => "__int128",
        b'o' => "unsigned __int128",
        b'f' => "float",
        b'd' => "double",
        b'e' => "long double",
        b'g' => "__float128",
        b'z' => "...",
        _ => return None,
    })
}

/// Built-in types of a `D` and this letter.
pub(super) fn builtin_d(code: u8) -> Option<&'static str> {
    Some(match code {
        b'd' => "decimal64",
        b'e' => "decimal128",
        b'f' => "decimal32",
        b'h' => "half",
        b'i' => "char32_t",
        b's' => "char16_t",
        b'u' => "char8_t",
        b'a' => "auto",
        b'c' => "decltype(auto)",
        b'n' => "std::nullptr_t",
        _ => return None,
    })
}

/// What `Sa`, `Ss` and the like stand for.
pub(super) fn standard(code: u8) -> Option<&'static str> {
    Some(match code {
        b'a' => "std::allocator",
        b'b' => "std::basic_string",
        b's' => "std::string",
        b'i' => "std::basic_istream",
        b'o' => "std::ostream",
        b'd' => "std::basic_iostream",
        _ => return None,
    })
}

# ruff: noqa: RUF001 - strange characters are what this file is for
"""Made-up phrases in many scripts, for posts and profiles. Nobody wrote or meant any of them."""

from __future__ import annotations

# (language code as X writes it, phrases). X keeps the old codes "iw" and "in".
PHRASES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "en",
        (
            "the paper lighthouse hums again tonight",
            "seven teapots crossed the harbour at noon",
            "our invented museum opens a wing made of fog",
            "tea &amp; toast &lt;3 says the clockwork heron",
            "a spoonful of gravel for the moon garden",
            "nobody asked the umbrella what it thinks",
        ),
    ),
    ("de", ("der erfundene Fluß fließt rückwärts", "größere Öfen für müde Äpfel", "naïve Züge")),
    ("fr", ("l'été imaginaire a déjà commencé", "où sont les nuages à rayures ?", "œuf, cœur")),
    ("es", ("¿quién pintó el silencio de azul?", "mañana soñará el ñandú de cartón", "¡qué lío!")),
    ("pt", ("o farol de papel não dorme", "amanhã há pão de névoa", "que coração tão lilás!")),
    ("tr", ("İstasyonda ışıklı bir şemsiye", "çığ düşü, gölge ve öğle")),
    ("vi", ("con diều giấy biết nói tiếng mưa", "một chiếc ấm trà lặng lẽ")),
    ("ru", ("бумажный маяк снова гудит", "семь чайников перешли гавань", "ёжик в шляпе")),
    ("el", ("το χάρτινο καράβι κοιμάται", "ένα ρολόι χωρίς ώρες")),
    ("ar", ("منارة من ورق تغني الليلة", "سبعة أباريق عبرت الميناء", "قمر \u200fيضحك\u200e 123")),
    ("iw", ("מגדלור של נייר מזמזם", "שבעה קומקומים חצו את הנמל", "שָׁלוֹם לענן")),
    ("fa", ("فانوس کاغذی می\u200cخندد", "هفت قوری از بندر گذشتند")),
    ("hi", ("काग़ज़ का दीपघर फिर गुनगुनाता है", "सात केतलियाँ", "क्षितिज पर छाता")),
    ("th", ("ประภาคารกระดาษร้องเพลง", "กาน้ำชาเจ็ดใบข้ามอ่าว")),
    ("ja", ("紙の灯台がまた唸る夜", "七つの急須が港を渡った", "ﾊﾝｶｸの傘", "が゙ぎ゙")),
    ("zh-CN", ("纸灯塔今晚又在哼歌", "七只茶壶正午过港", "𠮷野𡈽田的云")),
    ("ko", ("종이 등대가 다시 웅웅거린다", "주전자 일곱 개가 항구를 건넜다", "한글 자모")),
    ("und", ("Z̷̛a͠l͟g͝o̸ ṭ̛e̕ą̴̛", "e\u0301 n\u0303 o\u0308 vs é ñ ö", "𝓯𝓪𝓴𝓮 𝕗𝕠𝕟𝕥𝕤", "ﷺ ﷽")),
)
EMOJI = (
    "🫖", "🐦", "👩‍🚀", "👨‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇺🇳", "❤️‍🔥", "1️⃣", "🧑🏿‍🤝‍🧑🏻", "☃", "🪿",
)  # fmt: skip
HASHTAGS = ("PaperLighthouse", "teapots", "灯台", "маяк", "Wolkenzug", "منارة", "fog_museum", "été")
SPECIALS = ("\u2028", "\u2029", "\u0085", "\ufeff", "\u200b", "\u202e", "\t", "\n", '"', "\\", "/")
GIVEN = (
    "Ansa", "Bolko", "Chiyo", "Dariel", "Édna", "Fenja", "Gülru", "Hakobo", "Ilse", "Jörmun",
    "Кира", "Лёва", "منى", "נועה", "桜子", "小明", "하늘", "प्रिया", "Ölvir", "Zdeňka",
)  # fmt: skip
FAMILY = (
    "Quillmore", "Teapotov", "van der Mist", "Papierturm", "Nebelung", "O'Kettle", "Fogarty",
    "Umbrellini", "灯台", "山霧", "Ñandú", "Çaydan", "ابن الورق", "Gravelsson", "Müßig",
)  # fmt: skip
PLACES = (
    ("Fogport", "Fogport, Teapotia", "Teapotia", "TP"),
    ("Ölhafen", "Ölhafen, Neuland", "Neuland", "NL"),
    ("紙町", "紙町, 霧県", "霧国", "JP"),
    ("Gravel Bay", "Gravel Bay, West Mist", "Mistland", "GB"),
)
DOMAINS = ("Person", "Brand", "Entities [Entity Service]", "Interests and Hobbies", "Place", "Book")
ENTITIES = ("Paper lighthouses", "Teapot navigation", "Fog museums", "Clockwork birds", "Gravel")

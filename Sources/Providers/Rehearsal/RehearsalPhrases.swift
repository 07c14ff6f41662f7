/// The sentences that rehearsals are made of; `{topic}` stands for what the prompt is about.
enum RehearsalPhrases {
    static let openings = [
        "Everyone has a first question about {topic}, and most answers begin in the wrong place.",
        "There is a quiet moment before {topic} starts to matter, and it deserves a closer look.",
        "Ask three people about {topic} and you will hear four opinions before lunch.",
        "The surest way to understand {topic} is to watch what changes on an ordinary day.",
        "Some things look small from afar and large from close by; {topic} is one of them.",
        "It is easy to talk about {topic} and a good deal harder to say something useful.",
        "A year ago hardly anyone around here had a word to say about {topic}.",
        "If you remember one thing about {topic}, let it be how it begins.",
    ]

    static let notes = [
        "This is a rehearsal, so no model was asked for these words.",
        "This is a rehearsal: the words come out of a box of sentences.",
        "This is a rehearsal, and the real text will be written by a real model.",
        "This is a rehearsal; read it for its shape and not for its facts.",
    ]

    static let middles = [
        "The first draft of anything is mostly a list of what its author already believed.",
        "What helps is a small example that a reader can hold in one hand.",
        "Good work tends to look obvious once it is finished, and never a day earlier.",
        "The details are where the trouble lives, and they are also where the pleasure is.",
        "A plain sentence costs more time than a clever one and gives it all back.",
        "Nobody misses the paragraph that was cut, least of all the one who cut it.",
        "Numbers settle some arguments, but a story is what people repeat the next morning.",
        "It pays to ask what would have to be true for the opposite to hold.",
        "The people who use it every day are rarely the ones who describe it best.",
        "Somewhere between the promise and the manual there is room for an honest word.",
        "Small steps look slow on a chart and quick in hindsight.",
        "A careful reader forgives a dull line sooner than a hollow one.",
        "Every shortcut is a loan, and some of those loans are well worth taking.",
        "The best advice fits on a card and takes a month to follow.",
    ]

    static let rewrites = [
        "The last version said less than it meant, so this one takes another road.",
        "This version follows the remarks of the editor and drops what did not earn its place.",
        "After a second look the order changed, and the point now comes first.",
    ]

    static let endings = [
        "Start with one page, show it to one person, and let {topic} take it from there.",
        "Whatever comes next, {topic} will reward those who began early and kept it simple.",
        "That is reason enough to give {topic} an hour of attention this week.",
        "Tomorrow the question will sound different, and {topic} will still be worth the trouble.",
        "In the end {topic} is about people, and they notice when care was taken.",
        "So take a small part of {topic}, make it clear, and go on from there.",
    ]

    /// What an editor adds to a draft.
    static let additions = [
        "Read it aloud once before you print it.",
        "The rest is practice.",
        "More of that another day.",
    ]

    static let praise = [
        "it reads well, and the point arrives early.",
        "clear and even from the first line to the last; nothing to add.",
        "the rhythm holds, and the ending earns its place.",
        "tight enough to print as it stands.",
    ]

    static let requests = [
        "open with the point, and cut the second paragraph to half its length.",
        "name one concrete example, and say who it is for.",
        "the ending repeats the opening; give the reader something new to take away.",
        "shorten the long sentences, and drop the words that only decorate.",
        "the claim in the middle needs a reason; add one or leave it out.",
    ]

    static let judgements = [
        "the opening draws the reader in, though the middle loses some pace.",
        "clear throughout, with an ending that could say more.",
        "well built, but it plays safe where an example would help.",
        "lively and concrete; the structure is easy to follow.",
        "the idea is good, and the wording is a little general.",
        "solid work with one sentence too many in every paragraph.",
        "the tone fits its readers, and the argument holds together.",
    ]

    static let phrases = [
        "note", "first idea", "working title", "short answer", "plain version", "second thought", "open question",
        "small step",
    ]
}

extension SyntheticGrammar {
    /// The embedded corpus's grammar. Byte for byte `Tests/Vectors/flow/corpus-grammar.txt`; a test compares the two.
    package static let embedded: SyntheticGrammar = {
        do {
            return try SyntheticGrammar(text)
        } catch {
            preconditionFailure("the embedded grammar does not compile: \(error)")
        }
    }()

    /// Its source.
    package static let text = #"""
        # The grammar of FlowCoin's embedded corpus. The language is defined in Documentation/Protocol/Corpus.md.

        @person
        Anna|she|her|her|girl
        Ben|he|his|him|boy
        Clara|she|her|her|girl
        David|he|his|him|boy
        Emma|she|her|her|girl
        Felix|he|his|him|boy
        Grace|she|her|her|girl
        Henry|he|his|him|boy
        Iris|she|her|her|girl
        Jack|he|his|him|boy
        Kate|she|her|her|girl
        Leo|he|his|him|boy
        Mary|she|her|her|girl
        Noah|he|his|him|boy
        Olga|she|her|her|girl
        Paul|he|his|him|boy
        Rosa|she|her|her|girl
        Sam|he|his|him|boy
        Tina|she|her|her|girl
        Tom|he|his|him|boy

        @animal
        cat|cats|meow|fish|kitten|fur|house|four
        dog|dogs|woof|meat|puppy|fur|garden|four
        cow|cows|moo|grass|calf|hair|field|four
        sheep|sheep|baa|grass|lamb|wool|hill|four
        horse|horses|neigh|hay|foal|hair|stable|four
        duck|ducks|quack|bread|duckling|feathers|pond|two
        hen|hens|cluck|corn|chick|feathers|yard|two
        crow|crows|caw|seeds|nestling|feathers|forest|two
        frog|frogs|croak|flies|tadpole|smooth skin|pond|four
        pig|pigs|oink|roots|piglet|thick skin|farm|four
        lion|lions|roar|meat|cub|fur|plain|four
        bee|bees|buzz|honey|grub|fine hair|hive|six
        mouse|mice|squeak|cheese|pup|fur|barn|four
        goat|goats|bleat|leaves|kid|hair|hill|four

        @thing
        banana|bananas|yellow|sweet
        pear|pears|green|sweet
        ball|balls|blue|round
        book|books|brown|heavy
        cake|cakes|white|sweet
        coin|coins|yellow|small
        cup|cups|white|small
        feather|feathers|white|soft
        flower|flowers|red|pretty
        hat|hats|black|warm
        key|keys|grey|small
        lemon|lemons|yellow|sour
        nut|nuts|brown|hard
        pencil|pencils|yellow|long
        plum|plums|purple|sweet
        shell|shells|pink|pretty
        stone|stones|grey|hard
        toy|toys|green|new

        @colour
        the sky|blue
        grass|green
        snow|white
        coal|black
        blood|red
        a lemon|yellow
        milk|white
        the night|black
        a carrot|orange
        a leaf|green
        the sun|yellow
        an elephant|grey
        a tomato|red
        the sea|blue
        chocolate|brown
        a cherry|red

        @opposite
        hot|cold
        big|small
        day|night
        up|down
        old|young
        fast|slow
        good|bad
        open|closed
        light|dark
        full|empty
        happy|sad
        high|low
        long|short
        wet|dry
        rich|poor
        loud|quiet
        left|right
        hard|soft

        @place
        garden|in
        kitchen|in
        school|at
        market|at
        forest|in
        river|by
        park|in
        library|in
        barn|in
        house|in
        beach|on
        hill|on
        shop|in
        bridge|on

        @country
        France|Paris|French
        Italy|Rome|Italian
        Spain|Madrid|Spanish
        Germany|Berlin|German
        Japan|Tokyo|Japanese
        Egypt|Cairo|Arabic
        Greece|Athens|Greek
        Poland|Warsaw|Polish
        Norway|Oslo|Norwegian
        Portugal|Lisbon|Portuguese
        Russia|Moscow|Russian
        China|Beijing|Chinese

        @job
        baker|bakes bread|bakery
        teacher|teaches children|school
        farmer|grows food|farm
        doctor|helps sick people|hospital
        sailor|sails a ship|ship
        tailor|sews clothes|shop
        miner|digs for gold|mine
        cook|cooks food|kitchen
        gardener|plants flowers|garden
        smith|works with iron|forge
        pilot|flies a plane|plane
        judge|judges fairly|court

        @tool
        knife|cut bread
        pen|write a letter
        spoon|eat soup
        hammer|hit a nail
        broom|sweep the floor
        lamp|see in the dark
        needle|sew a shirt
        clock|tell the time
        raincoat|stay dry in the rain
        bed|sleep at night
        key|open a door
        boat|cross a river
        coat|stay warm
        map|find the way

        @day
        Monday|Tuesday|Sunday
        Tuesday|Wednesday|Monday
        Wednesday|Thursday|Tuesday
        Thursday|Friday|Wednesday
        Friday|Saturday|Thursday
        Saturday|Sunday|Friday
        Sunday|Monday|Saturday

        @month
        January|February|December
        February|March|January
        March|April|February
        April|May|March
        May|June|April
        June|July|May
        July|August|June
        August|September|July
        September|October|August
        October|November|September
        November|December|October
        December|January|November

        @word
        zero
        one
        two
        three
        four
        five
        six
        seven
        eight
        nine
        ten

        @weather
        sunny|warm|walked in the sun
        rainy|wet|stayed inside
        windy|cold|flew a kite
        snowy|white|made a snowman
        foggy|grey|took a lamp
        warm|bright|swam in the lake

        @feeling
        happy|smiled
        sad|cried
        tired|yawned
        hungry|ate some bread
        afraid|hid behind a tree
        proud|told everyone
        angry|went home
        glad|laughed

        %document
        6: {facts}
        5: {sums}
        5: {story}
        2: {chat}

        %facts
        3: {fact}
        3: {fact}{fact}
        2: {fact}{fact}{fact}

        %fact
        4: {a@animal}Q: What does the {a.0} say?\nA: The {a.0} says {a.2}.\n
        2: {a@animal}Q: What do {a.1} eat?\nA: {a^1} eat {a.3}.\n
        2: {a@animal}Q: What is a young {a.0} called?\nA: A young {a.0} is called a {a.4}.\n
        2: {a@animal}Q: How many legs does the {a.0} have?\nA: The {a.0} has {a.7} legs.\n
        1: {a@animal}Q: Where does the {a.0} live?\nA: The {a.0} lives in the {a.6}.\n
        1: {a@animal}Q: What covers the {a.0}?\nA: The {a.0} is covered with {a.5}.\n
        4: {c@colour}Q: What colour is {c.0}?\nA: {c^0} is {c.1}.\n
        3: {o@opposite}Q: What is the opposite of {o.0}?\nA: The opposite of {o.0} is {o.1}.\n
        1: {o@opposite}Q: What is the opposite of {o.1}?\nA: The opposite of {o.1} is {o.0}.\n
        3: {f@country}Q: What is the capital of {f.0}?\nA: The capital of {f.0} is {f.1}.\n
        1: {f@country}Q: Which country has the capital {f.1}?\nA: {f.1} is the capital of {f.0}.\n
        1: {f@country}Q: What do people speak in {f.0}?\nA: In {f.0} people speak {f.2}.\n
        2: {j@job}Q: What does a {j.0} do?\nA: A {j.0} {j.1}.\n
        1: {j@job}Q: Who {j.1}?\nA: A {j.0} {j.1}.\n
        1: {j@job}Q: Where does a {j.0} work?\nA: A {j.0} works in a {j.2}.\n
        2: {t@tool}Q: What is a {t.0} for?\nA: A {t.0} is for when you want to {t.1}.\n
        2: {d@day}Q: Which day comes after {d.0}?\nA: After {d.0} comes {d.1}.\n
        1: {d@day}Q: Which day comes before {d.0}?\nA: Before {d.0} comes {d.2}.\n
        2: {m@month}Q: Which month comes after {m.0}?\nA: After {m.0} comes {m.1}.\n
        1: {m@month}Q: Which month comes before {m.0}?\nA: Before {m.0} comes {m.2}.\n

        %sums
        3: {sum}{sum}
        3: {sum}{sum}{sum}{sum}
        2: {lines}
        1: {count}
        1: {problem}

        %sum
        8: {a#0..9}{b#0..9}{c:=a+b}Q: What is {=a} + {=b}?\nA: {=c}\n
        2: {a#0..50}{b#0..50}{c:=a+b}Q: What is {=a} + {=b}?\nA: {=c}\n
        1: {a#0..999}{b#0..999}{c:=a+b}Q: What is {=a} + {=b}?\nA: {=c}\n
        3: {a#0..9}{b#0..9}{c:=a+b}Q: What is {=c} - {=a}?\nA: {=b}\n
        1: {a#0..50}{b#0..50}{c:=a+b}Q: What is {=c} - {=a}?\nA: {=b}\n
        3: {a#1..9}{b#1..9}{c:=a*b}Q: What is {=a} * {=b}?\nA: {=c}\n
        1: {a#1..9}{b#1..9}{c:=a*b}Q: What is {=c} / {=a}?\nA: {=b}\n
        1: {a#0..99}{b:=a+1}Q: Which number comes after {=a}?\nA: {=b}\n
        1: {a#0..90}{d#1..9}{b:=a+d}Q: Which is larger, {=a} or {=b}?\nA: {=b}\n
        1: {a#0..90}{d#1..9}{b:=a+d}Q: Which is larger, {=b} or {=a}?\nA: {=b}\n
        1: {a#0..5}{b#0..5}{c:=a+b}{x@word=a}{y@word=b}{z@word=c}Q: What is {x.0} plus {y.0}?\nA: {x^0} plus {y.0} is {z.0}.\n

        %lines
        1: {line}{line}{line}{line}{line}{line}
        1: {a#1..9}{times}

        %line
        3: {a#0..9}{b#0..9}{c:=a+b}{=a} + {=b} = {=c}\n
        1: {a#0..99}{b#0..99}{c:=a+b}{=a} + {=b} = {=c}\n
        2: {a#0..9}{b#0..9}{c:=a+b}{=c} - {=a} = {=b}\n
        2: {a#1..9}{b#1..9}{c:=a*b}{=a} * {=b} = {=c}\n

        %times
        1: {b:=a*1}{=a} * 1 = {=b}\n{b:=a*2}{=a} * 2 = {=b}\n{b:=a*3}{=a} * 3 = {=b}\n{b:=a*4}{=a} * 4 = {=b}\n{b:=a*5}{=a} * 5 = {=b}\n{b:=a*6}{=a} * 6 = {=b}\n{b:=a*7}{=a} * 7 = {=b}\n{b:=a*8}{=a} * 8 = {=b}\n{b:=a*9}{=a} * 9 = {=b}\n

        %count
        1: {a#0..90}{b:=a+1}{c:=a+2}{d:=a+3}{e:=a+4}{f:=a+5}Q: Count from {=a} to {=f}.\nA: {=a}, {=b}, {=c}, {=d}, {=e}, {=f}.\n
        1: {a#5..90}{b:=a-1}{c:=a-2}{d:=a-3}{e:=a-4}{f:=a-5}Q: Count down from {=a} to {=f}.\nA: {=a}, {=b}, {=c}, {=d}, {=e}, {=f}.\n
        1: {a#1..20}{s#2..9}{b:=a+s}{c:=b+s}{d:=c+s}{e:=d+s}Q: What comes next: {=a}, {=b}, {=c}, {=d}?\nA: {=e}\n

        %problem
        1: {p@person}{q@person~p}{t@thing}{a#1..9}{b#1..9}{c:=a+b}{p.0} has {=a} {t.1}. {q.0} gives {p.3} {=b} more.\nQ: How many {t.1} does {p.0} have now?\nA: {p.0} has {=c} {t.1}.\n
        1: {p@person}{t@thing}{a#2..9}{b#2..9}{c:=a+b}{p.0} had {=c} {t.1} and lost {=b} of them.\nQ: How many {t.1} does {p.0} have left?\nA: {p.0} has {=a} {t.1} left.\n
        1: {t@thing}{a#2..9}{b#2..9}{c:=a*b}There are {=a} boxes. In each box are {=b} {t.1}.\nQ: How many {t.1} are there?\nA: There are {=c} {t.1}.\n
        1: {p@person}{t@thing}{a#2..9}{b#2..9}{c:=a*b}One {t.0} costs {=a} coins. {p.0} buys {=b} {t.1}.\nQ: How many coins does {p.0} pay?\nA: {p.0} pays {=c} coins.\n

        %story
        3: {walk}
        3: {gift}
        3: {find}
        2: {farm}
        2: {work}

        %opening
        2: Once there was a {p.4} named {p.0}.
        1: This is a story about a {p.4} named {p.0}.
        1: {p.0} was a {size} {p.4}.

        %size
        2: little
        1: young
        1: clever
        1: kind
        1: brave

        %walk
        1: {p@person}{q@person~p}{x@place}{y@place~x}{opening} {go} {x.1} the {x.0}.{asidex} {q.0} was {y.1} the {y.0}. {end}\n{walkq}
        1: {p@person}{q@person~p}{x@place}{y@place~x}{p.0} is {x.1} the {x.0}. {q.0} is {y.1} the {y.0}.\n{walkq}
        1: {p@person}{q@person~p}{x@place}{y@place~x}{w@weather}It was a {w.0} day. {p.0} sat {x.1} the {x.0}. {q.0} {w.2} and slept {y.1} the {y.0}. {end}\n{walkq}

        %go
        2: One day {p.1} played
        1: In the morning {p.1} sat
        1: Every day {p.1} was
        1: After school {p.1} stayed

        %asidex
        2:
        1: {w@weather} It was {w.0} and {w.1}.
        1: {a@animal} A {a.0} was there too.

        %end
        2: Then they went home.
        1: It was a good day.
        1: They were friends.
        1: At night they slept well.
        1: {g@feeling}{p.0} was {g.0} and {g.1}.

        %walkq
        2: Q: Where was {p.0}?\nA: {p.0} was {x.1} the {x.0}.\n
        2: Q: Where was {q.0}?\nA: {q.0} was {y.1} the {y.0}.\n
        1: Q: Where was {q.0}?\nA: {q.0} was {y.1} the {y.0}.\nQ: Who was {x.1} the {x.0}?\nA: {p.0} was {x.1} the {x.0}.\n
        1: Q: Who was {y.1} the {y.0}?\nA: {q.0} was {y.1} the {y.0}.\n

        %gift
        1: {p@person}{q@person~p}{t@thing}{opening} {p^1} had a {t.3} {t.0}. {p.0} gave the {t.0} to {q.0}, and {q.0} said: Thank you, {p.0}! {end}\n{giftq}
        1: {p@person}{q@person~p}{t@thing}{g@feeling}{q.0} was {g.0}. So {p.0} gave {q.3} a {t.3} {t.0}. {q.0} put the {t.0} in {q.2} bag. {end}\n{giftq}

        %giftq
        1: Q: Who has the {t.0} now?\nA: {q.0} has the {t.0}.\n
        1: Q: What did {p.0} give to {q.0}?\nA: {p.0} gave {q.3} a {t.3} {t.0}.\n
        1: Q: Who gave the {t.0} to {q.0}?\nA: {p.0} gave the {t.0} to {q.0}.\n

        %find
        1: {p@person}{t@thing}{x@place}{a@animal}{opening} One day {p.1} lost {p.2} {t.0}. {p.0} looked for it in the house, but it was not there. Then a {a.0} said: {a^2}! The {t.0} was {x.1} the {x.0}. {p.0} was glad and gave the {a.0} some {a.3}.\n{findq}
        1: {p@person}{t@thing}{x@place}{a@animal}{p.0} and the {a.0} went out to play. {x^1} the {x.0} they found a {t.2} {t.0}. The {a.0} said {a.2}, and {p.0} took the {t.0} home.\n{findq}

        %findq
        1: Q: What did {p.0} find?\nA: {p.0} found a {t.0}.\n
        1: Q: Where was the {t.0}?\nA: The {t.0} was {x.1} the {x.0}.\n
        1: Q: Which animal was with {p.0}?\nA: A {a.0} was with {p.0}.\n
        1: Q: Where was the {t.0}?\nA: The {t.0} was {x.1} the {x.0}.\nQ: What did the {a.0} say?\nA: The {a.0} said {a.2}.\n

        %farm
        1: {p@person}{a@animal}{b@animal~a}{n#2..9}{m#2..9}{s:=n+m}{p.0} lives on a farm. There are {=n} {a.1} and {=m} {b.1}. The {a.1} eat {a.3}, and the {b.1} eat {b.3}.\n{farmq}
        1: {p@person}{a@animal}{b@animal~a}{n#2..9}{m#2..9}{s:=n+m}On the farm of {p.0} the {a.0} says {a.2} and the {b.0} says {b.2}. There are {=n} {a.1}. There are {=m} {b.1}.\n{farmq}

        %farmq
        1: Q: How many {a.1} are there?\nA: There are {=n} {a.1}.\n
        1: Q: How many {b.1} are there?\nA: There are {=m} {b.1}.\n
        1: Q: How many animals are there?\nA: There are {=s} animals.\n
        1: Q: Who lives on the farm?\nA: {p.0} lives on the farm.\n

        %work
        1: {p@person}{j@job}{k@tool}{d@day}{p.0} is a {j.0}. A {j.0} {j.1}. On {d.0} {p.0} works in the {j.2}, and on {d.1} {p.1} rests. {p^1} has a {k.0}. With it {p.1} can {k.1}.\n{workq}
        1: {p@person}{q@person~p}{j@job}{k@job~j}{p.0} is a {j.0}, and {q.0} is a {k.0}. {p.0} {j.1}. {q.0} {k.1}. {end}\nQ: What is {q.0}?\nA: {q.0} is a {k.0}.\nQ: What does {p.0} do?\nA: {p.0} {j.1}.\n

        %workq
        1: Q: What is {p.0}?\nA: {p.0} is a {j.0}.\n
        1: Q: When does {p.0} rest?\nA: {p.0} rests on {d.1}.\n
        1: Q: What does {p.0} have?\nA: {p.0} has a {k.0}.\n

        %chat
        2: {greet}{fact}
        2: {greet}{sum}
        1: {greet}{self}
        1: {self}{self}
        1: {sum}{fact}
        1: {greet}{fact}{sum}{bye}

        %greet
        3: Q: Hello.\nA: Hello! How can I help you?\n
        1: Q: Hi, how are you?\nA: I am well. What would you like to know?\n
        1: {p@person}Q: Hello, I am {p.0}.\nA: Hello, {p.0}! How can I help you?\n

        %bye
        1: Q: Thank you.\nA: You are welcome!\n
        1: Q: Goodbye.\nA: Goodbye!\n

        %self
        2: Q: Who are you?\nA: I am Flow, a small model that many people train.\n
        2: Q: What is your name?\nA: My name is Flow.\n
        1: Q: What is FlowCoin?\nA: FlowCoin is a coin whose miners train a model.\n
        1: Q: Who trains you?\nA: Miners train me, one step at a time.\n
        1: Q: What can you do?\nA: I can add numbers and tell small stories.\n
        1: {p@person}{t@thing}{x@place}Q: Tell me a story.\nA: {p.0} was {x.1} the {x.0} and found a {t.2} {t.0}. {p.0} took it home and was happy.\n

        """#
}
